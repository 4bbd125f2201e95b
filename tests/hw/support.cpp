#include "tests/hw/support.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

#include <catch2/catch.hpp>

#include "hw_models/spec/load.h"

namespace cim::test {
namespace {

std::filesystem::path configs() {
    return std::filesystem::path(__FILE__).parent_path().parent_path().parent_path() / "configs";
}

std::vector<std::string> lines_of(const std::string& text) {
    std::vector<std::string> lines;
    std::istringstream stream(text);
    for (std::string line; std::getline(stream, line);) {
        lines.push_back(line);
    }
    return lines;
}

}  // namespace

std::string config_path(const std::string& name) {
    return (configs() / (name + ".yaml")).string();
}

std::string config_text(const std::string& name) {
    std::ifstream stream(config_path(name));
    REQUIRE(stream);
    std::ostringstream text;
    text << stream.rdbuf();
    return text.str();
}

hw::Machine loaded_machine(const std::string& name) {
    const hw::LoadResult result = hw::load_machine(config_path(name));
    for (const hw::Diagnostic& diagnostic : result.diagnostics) {
        UNSCOPED_INFO(diagnostic.text());
    }
    REQUIRE(result.ok());
    return result.machine;
}

std::vector<std::string> config_names() {
    std::vector<std::string> names;
    for (const auto& file : std::filesystem::directory_iterator(configs())) {
        if (file.path().extension() == ".yaml") {
            names.push_back(file.path().stem().string());
        }
    }
    std::sort(names.begin(), names.end());
    return names;
}

std::string replaced(std::string text, const std::string& from, const std::string& to) {
    const std::size_t at = text.find(from);
    INFO("to be replaced: " << from);
    REQUIRE(at != std::string::npos);
    return text.replace(at, from.size(), to);
}

std::vector<std::string> complaints(const std::string& text) {
    std::vector<std::string> result;
    for (const hw::Diagnostic& diagnostic : hw::load_machine_text(text, "m.yaml").diagnostics) {
        result.push_back(diagnostic.text());
    }
    return result;
}

void expect_mistakes(const std::vector<Mistake>& mistakes) {
    const std::string tiny = config_text("tiny");
    for (const Mistake& mistake : mistakes) {
        INFO(mistake.title);
        std::string text = tiny;
        for (const auto& [from, to] : mistake.edits) {
            text = replaced(text, from, to);
        }
        CHECK(complaints(text) == mistake.expected);
    }
}

std::vector<KeyLine> key_lines(const std::string& shown) {
    std::vector<KeyLine> result;
    std::vector<std::string> sections;
    const std::vector<std::string> lines = lines_of(shown);
    for (std::size_t i = 0; i < lines.size(); ++i) {
        const std::size_t depth = lines[i].find_first_not_of(' ') / 2;
        const std::size_t colon = lines[i].find(':');
        if (lines[i].empty() || lines[i][2 * depth] == '#' || colon == std::string::npos) {
            continue;
        }
        const std::string name = lines[i].substr(2 * depth, colon - 2 * depth);
        sections.resize(depth);
        sections.push_back(name);
        std::string value = lines[i].substr(colon + 1, lines[i].find("  #") - colon - 1);
        value.erase(0, value.find_first_not_of(' '));
        value.erase(value.find_last_not_of(' ') + 1);
        if (value.empty()) {
            continue;
        }
        std::string path;
        for (const std::string& section : sections) {
            path += (path.empty() ? "" : ".") + section;
        }
        result.push_back({path, value, i});
    }
    return result;
}

std::string with_line(const std::string& text, std::size_t line, const std::string& with) {
    std::vector<std::string> lines = lines_of(text);
    lines.at(line) = with;
    std::string result;
    for (const std::string& one : lines) {
        result += one.empty() ? "" : one + "\n";
    }
    return result;
}

}  // namespace cim::test
