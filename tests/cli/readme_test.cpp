// What README.md shows of a session is what cimmlc prints.
#include <sstream>
#include <vector>

#include <catch2/catch.hpp>

#include "tests/cli/program.h"

using namespace cim::test;

namespace {

/// A command in README.md and the lines below it, without indentation.
struct Example {
    std::string words;
    std::vector<std::string> lines;
};

std::vector<Example> examples() {
    const std::string indent = "    ";
    const std::string prompt = indent + "$ cimmlc ";
    std::vector<Example> found;
    std::istringstream readme(read_text(std::string(CIM_SOURCE_DIR) + "/README.md"));
    bool open = false;       // a command's output may follow
    bool continued = false;  // the command goes on in the next line
    for (std::string line; std::getline(readme, line);) {
        if (line.rfind(prompt, 0) == 0) {
            found.push_back({line.substr(prompt.size()), {}});
            open = true;
        } else if (continued) {
            found.back().words += line;
        } else if (open && line.rfind(indent, 0) == 0 && line.rfind(indent + "$", 0) != 0) {
            found.back().lines.push_back(line.substr(indent.size()));
            continue;
        } else {
            open = open && line.empty();
            continue;
        }
        std::string& words = found.back().words;
        continued = !words.empty() && words.back() == '\\';
        if (continued) {
            words.back() = ' ';
        }
    }
    return found;
}

}  // namespace

TEST_CASE("README.md shows what the commands of its session print") {
    const Folder folder;
    int compared = 0;
    for (const Example& example : examples()) {
        // Files that the reader makes are not there; files that the reader writes go elsewhere.
        if (example.lines.empty() || example.words.find("mine.yaml") != std::string::npos) {
            continue;
        }
        std::string words = example.words;
        if (words.find(" report.json") != std::string::npos) {
            words = replaced(words, " report.json", " " + folder.path("report.json").string());
        }
        INFO("cimmlc " << words);
        const Outcome outcome = cimmlc(words);
        CHECK(outcome.status == 0);
        for (const std::string& line : example.lines) {
            INFO(line);
            CHECK((line == "..." || ("\n" + outcome.out).find("\n" + line + "\n") != std::string::npos));
            ++compared;
        }
    }
    CHECK(compared > 10);
}
