#include <fstream>
#include <iterator>

#include <catch2/catch.hpp>

#include "hw_models/spec/load.h"

using namespace cim;

TEST_CASE("docs/hardware-file.md is what the table says", "[hw]") {
    std::ifstream in(CIM_SOURCE_DIR "/docs/hardware-file.md", std::ios::binary);
    REQUIRE(in.good());
    const std::string committed((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
    INFO("update it with: cimmlc arch keys > docs/hardware-file.md");
    CHECK((committed == hw::hardware_file_markdown()));
    for (const hw::KeyInfo& key : hw::known_keys()) {
        CHECK(committed.find("| `" + key.path.substr(key.path.rfind('.') + 1) + "` |") != std::string::npos);
    }
}
