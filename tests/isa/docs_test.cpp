#include <filesystem>
#include <fstream>
#include <iterator>

#include <catch2/catch.hpp>

#include "isa/docs/markdown.h"

TEST_CASE("docs/isa.md is what the tables say") {
    const auto root = std::filesystem::path(__FILE__).parent_path().parent_path().parent_path();
    std::ifstream in(root / "docs" / "isa.md", std::ios::binary);
    REQUIRE(in.good());
    const std::string committed((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
    INFO("update it with: cimmlc isa list > docs/isa.md");
    CHECK((committed == cim::isa::isa_markdown()));
}
