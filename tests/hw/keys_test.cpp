// What holds for every key of the table, tested for every key of the table.

#include <algorithm>
#include <map>
#include <set>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "hw_models/spec/document.h"
#include "tests/hw/support.h"

using namespace cim;
using test::key_lines;
using test::replaced;

namespace {

/// Hardware files that between them use every key, as show_machine writes them: one key a line.
std::map<std::string, std::string> full_files() {
    const std::string tiny = test::config_text("tiny");
    const std::string cluster = "cluster:\n  cores: [1, 2]\n  leakage: 1 mW\n  area: 1 mm2\ncore:\n";
    const std::string derived = "    cost:\n      base: 1 cycle\n      per_hop: 1 cycle\n      memory_node: [0, 0]\n";
    const std::string matrix = "    cost_matrix: [[0,1,2,3,4],[1,0,5,6,7],[2,5,0,8,9],[3,6,8,0,1],[4,7,9,1,0]]\n";
    const std::string mesh =
        "    model: mesh-packet\n    flit: 64 bit\n    hop_latency: 2 cycle\n    inject_latency: 1 cycle\n    memory_node: [0, 0]\n";
    const std::map<std::string, std::string> texts{
        {"tiny", tiny},
        {"cluster", replaced(tiny, "core:\n", cluster)},
        {"matrices", replaced(replaced(tiny, derived, matrix), mesh, "    model: cost-matrix\n    flit: 64 bit\n" + matrix)},
        {"derived", replaced(tiny, mesh, "    model: cost-matrix\n    flit: 64 bit\n" + derived)},
        {"switch", replaced(tiny, mesh, "    model: disjoint-buffer-switch\n    flit: 64 bit\n    hop_latency: 3 cycle\n")},
    };
    std::map<std::string, std::string> shown;
    for (const auto& [name, text] : texts) {
        hw::Document document = hw::judge(text, name);
        INFO(name << ": " << (document.diagnostics.empty() ? "" : document.diagnostics[0].text()));
        REQUIRE(document.diagnostics.empty());
        shown[name] = hw::show(document);
    }
    return shown;
}

std::string hash_of(const std::string& text) {
    return hw::load_machine_text(text, "m.yaml").machine.hash;
}

/// The line of the key with another value.
std::string line_with(const std::string& text, const test::KeyLine& line, const std::string& value) {
    const std::size_t depth = static_cast<std::size_t>(std::count(line.path.begin(), line.path.end(), '.'));
    return test::with_line(text, line.line, std::string(2 * depth, ' ') + line.path.substr(line.path.rfind('.') + 1) + ": " + value);
}

}  // namespace

TEST_CASE("Every key has words, a kind and a place in the files of this test", "[hw]") {
    std::set<std::string> used;
    for (const auto& file : full_files()) {
        for (const test::KeyLine& line : key_lines(file.second)) {
            used.insert(line.path);
        }
    }
    std::set<std::string> known;
    for (const hw::KeyInfo& key : hw::known_keys()) {
        INFO(key.path);
        CHECK(known.insert(key.path).second);
        CHECK_FALSE(key.doc.empty());
        CHECK_FALSE(key.range.empty());
        CHECK((key.kind == "quantity") == !key.unit.empty());
    }
    CHECK(used == known);
}

TEST_CASE("A key taken out is missed by its name", "[hw]") {
    std::map<std::string, const hw::KeyInfo*> known;
    const auto keys = hw::known_keys();
    for (const hw::KeyInfo& key : keys) {
        known[key.path] = &key;
    }
    for (const auto& [name, text] : full_files()) {
        for (const test::KeyLine& line : key_lines(text)) {
            INFO(name << " without " << line.path);
            const auto result = hw::load_machine_text(test::with_line(text, line.line, ""), "m.yaml");
            if (!known.at(line.path)->required) {
                CHECK(result.ok());
                continue;
            }
            REQUIRE_FALSE(result.ok());
            const std::string cost = line.path.substr(0, line.path.rfind('.')) + ".cost";
            const bool alternative = line.path.size() > 12 && line.path.substr(line.path.size() - 12) == ".cost_matrix";
            CHECK(result.diagnostics[0].path == (alternative ? cost : line.path));
            CHECK(result.diagnostics[0].message.find("is missing") != std::string::npos);
            CHECK(result.diagnostics.size() == 1);
        }
    }
}

TEST_CASE("`ideal` is taken exactly where the table says so", "[hw]") {
    std::map<std::string, bool> may;
    for (const hw::KeyInfo& key : hw::known_keys()) {
        may[key.path] = key.may_be_ideal || key.kind == "text";
    }
    may["chip.noc.model"] = true;  // there the word names a model
    may["core.noc.model"] = true;
    for (const auto& [name, text] : full_files()) {
        for (const test::KeyLine& line : key_lines(text)) {
            INFO(name << " with " << line.path << " ideal");
            bool complained = false;
            for (const hw::Diagnostic& diagnostic : hw::load_machine_text(line_with(text, line, "ideal"), "m.yaml").diagnostics) {
                complained = complained || diagnostic.path == line.path;
            }
            CHECK(complained == !may.at(line.path));
        }
    }
}

TEST_CASE("Every value changes the content hash, the name does not", "[hw]") {
    const std::set<std::string> outside{"name", "description"};
    const std::map<std::string, std::string> others{
        {"mode", "CM"},
        {"chip.cores", "[4, 2]"},
        {"chip.noc.memory_node", "[1, 0]"},
        {"chip.noc.cost.memory_node", "[1, 0]"},
        {"core.noc.cost.memory_node", "[1, 0]"},
        {"core.crossbars", "[2, 1]"},
        {"cluster.cores", "[2, 1]"},
        {"crossbar.size", "[64, 32]"},
        {"crossbar.pipelined", "false"},
        {"crossbar.weight_encoding", "twos-complement"},
        {"crossbar.adc.model", "uniform"},
        {"device.type", "PCM"},
    };
    for (const auto& [name, text] : full_files()) {
        const std::string hash = hash_of(text);
        for (const test::KeyLine& line : key_lines(text)) {
            INFO(name << " with another " << line.path);
            std::string value = "7" + line.value;  // of numbers, with and without a unit
            if (const auto found = others.find(line.path); found != others.end()) {
                value = found->second;
            } else if (line.value.front() == '[') {
                value = replaced(line.value, "1", "2");
            } else if (line.path == "crossbar.adc.bits" || line.path == "crossbar.dac.bits" || line.path == "device.bits_per_cell" ||
                       line.path == "crossbar.adc.count" || line.path == "crossbar.parallel_row") {
                value = "3";
            } else if (line.value.front() < '0' || line.value.front() > '9') {
                value = outside.count(line.path) != 0 ? "other" : "";  // models with one choice or other keys
            }
            const std::string changed = value.empty() ? "" : hash_of(line_with(text, line, value));
            const bool grid = line.path == "chip.cores" || line.path == "core.crossbars";  // a cost matrix may no longer fit
            if (value.empty() || (grid && changed.empty())) {
                continue;
            }
            REQUIRE_FALSE(changed.empty());
            CHECK((changed == hash) == (outside.count(line.path) != 0));
        }
    }
}

TEST_CASE("How a value is written does not change the content hash", "[hw]") {
    const std::string tiny = test::config_text("tiny");
    const std::string hash = hash_of(tiny);
    CHECK(hash.size() == 32);
    CHECK(hash_of(replaced(tiny, "chip: 1200 MHz", "chip: 1.2 GHz")) == hash);
    CHECK(hash_of(replaced(tiny, "latency: 40 ns", "latency: 48 cycles")) == hash);
    CHECK(hash_of(replaced(tiny, "size: 4 KiB", "size: \"4096 bytes\"")) == hash);
    CHECK(hash_of(replaced(tiny, "sample_energy: 1 pJ", "sample_energy: 1000 fJ")) == hash);
    const std::string derived = "    cost:\n      base: 1 cycle\n      per_hop: 1 cycle\n      memory_node: [0, 0]\n";
    const std::string matrix = "    cost_matrix: [[0,2,2,3,1],[2,0,3,2,2],[2,3,0,2,2],[3,2,2,0,3],[1,2,2,3,0]]\n";
    CHECK(hash_of(replaced(tiny, derived, matrix)) == hash);
    CHECK(hash_of(replaced(tiny, "mode: WLM", "# a comment\nmode:   WLM  # and another")) == hash);
}

TEST_CASE("The JSON Schema is JSON and names every key", "[hw]") {
    const auto schema = nlohmann::json::parse(hw::json_schema());
    CHECK(schema.at("$schema") == "https://json-schema.org/draft/2020-12/schema");
    for (const hw::KeyInfo& key : hw::known_keys()) {
        INFO(key.path);
        const nlohmann::json* at = &schema;
        for (std::size_t from = 0; from != std::string::npos;) {
            const std::size_t dot = key.path.find('.', from);
            const std::string name = key.path.substr(from, dot == std::string::npos ? dot : dot - from);
            CHECK(at->at("additionalProperties") == false);
            REQUIRE(at->at("properties").contains(name));
            at = &at->at("properties").at(name);
            from = dot == std::string::npos ? dot : dot + 1;
        }
        CHECK(at->at("description") == key.doc);
        CHECK(at->contains("anyOf") == key.may_be_ideal);
    }
}
