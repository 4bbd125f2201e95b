#include "tests/cli/program.h"

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <vector>

#include <catch2/catch.hpp>
#include <sys/wait.h>

namespace cim::test {

Folder::Folder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "cimmlc-test-XXXXXX").string();
    if (mkdtemp(pattern.data()) == nullptr) {
        throw std::runtime_error("cannot make a temporary folder");
    }
    folder_ = pattern;
}

Folder::~Folder() {
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
}

std::string Folder::write(const std::string& name, const std::string& text) const {
    std::ofstream(folder_ / name, std::ios::binary) << text;
    return (folder_ / name).string();
}

std::string Folder::listing() const {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(folder_)) {
        names.push_back(entry.path().filename().string());
    }
    std::sort(names.begin(), names.end());
    std::string text;
    for (const std::string& name : names) {
        text += name + " ";
    }
    return text;
}

std::string read_text(const std::filesystem::path& path) {
    std::ifstream in(path, std::ios::binary);
    std::ostringstream text;
    text << in.rdbuf();
    return text.str();
}

nlohmann::ordered_json read_json(const std::filesystem::path& path) {
    return nlohmann::ordered_json::parse(read_text(path));
}

nlohmann::ordered_json report_after(const Folder& folder, const std::string& words) {
    const std::filesystem::path report = folder.path("report.json");
    const Outcome outcome = cimmlc(words + " --quiet --report " + report.string());
    INFO(outcome.err);
    REQUIRE(outcome.status == 0);
    return read_json(report);
}

Outcome cimmlc(const std::string& words) {
    const Folder folder;
    const std::string command = "cd '" + std::string(CIM_SOURCE_DIR) + "' && '" + std::string(CIM_PROGRAM) + "' " + words + " >'" +
                                folder.path("out").string() + "' 2>'" + folder.path("err").string() + "' </dev/null";
    const int status = std::system(command.c_str());
    return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, read_text(folder.path("out")), read_text(folder.path("err"))};
}

std::string replaced(std::string text, const std::string& from, const std::string& to) {
    const std::size_t at = text.find(from);
    REQUIRE(at != std::string::npos);
    return text.replace(at, from.size(), to);
}

}  // namespace cim::test
