// Waveforms as a reader of VCD files takes them.
#include <cstdlib>
#include <map>
#include <set>
#include <sstream>

#include <catch2/catch.hpp>

#include "tests/cli/program.h"

using namespace cim::test;

namespace {

std::string waveform(const Folder& folder, const std::string& name) {
    const std::string path = folder.path(name).string();
    const Outcome outcome = cimmlc("run " + lenet + images + "--batch 1 --arch configs/puma.yaml --quiet --vcd " + path);
    INFO(outcome.err);
    REQUIRE(outcome.status == 0);
    return read_text(path);
}

}  // namespace

TEST_CASE("a waveform is well-formed: ids declared, times increase, every change changes something") {
    const Folder folder;
    std::istringstream in(waveform(folder, "w.vcd"));
    std::map<std::string, std::string> values;
    std::set<std::string> names;
    int depth = 0;
    bool declared = false;
    bool dumping = false;
    long long time = -1;
    long changes = 0;
    long faults = 0;
    for (std::string line; std::getline(in, line);) {
        std::istringstream words(line);
        std::string first;
        words >> first;
        if (!declared) {
            std::string kind;
            std::string width;
            std::string id;
            std::string name;
            if (first == "$var") {
                words >> kind >> width >> id >> name;
                faults += values.emplace(id, "").second ? 0 : 1;
                names.insert(name);
            }
            depth += first == "$scope" ? 1 : (first == "$upscope" ? -1 : 0);
            declared = first == "$enddefinitions";
            continue;
        }
        if (first == "$dumpvars" || first == "$end") {
            dumping = first == "$dumpvars";
        } else if (first[0] == '#') {
            const long long next = std::stoll(first.substr(1));
            faults += next > time ? 0 : 1;
            time = next;
        } else {
            const bool scalar = first[0] == '0' || first[0] == '1';
            std::string id = first.substr(1);
            std::string value = first.substr(0, 1);
            if (!scalar) {
                value = first;
                words >> id;
            }
            const auto known = values.find(id);
            faults += known == values.end() || (!dumping && known->second == value) ? 1 : 0;
            values[id] = value;
            ++changes;
        }
    }
    CHECK(depth == 0);
    CHECK(declared);
    CHECK(faults == 0);
    CHECK(changes > 10'000);
    for (const char* name : {"active_crossbars", "active_rows", "adc_busy", "l1_port", "move", "crossbar", "alu", "crossbar_op", "port",
                             "router0_east", "conv1_Conv_0_done", "conv1_Conv_out_0"}) {
        INFO(name);
        CHECK(names.count(name) == 1);
    }
    const std::string save = read_text(folder.path("w.gtkw"));
    CHECK(save.find("[dumpfile] \"w.vcd\"") != std::string::npos);
    CHECK(save.find("-conv2.Conv (40 cores)") != std::string::npos);
}

TEST_CASE("two runs write the same waveform, and it changes nothing else") {
    const Folder folder;
    const std::string first = waveform(folder, "a.vcd");
    CHECK(first == waveform(folder, "b.vcd"));
    const std::string report = folder.path("r.json").string();
    const auto cycles = [&](const std::string& option) {
        REQUIRE(cimmlc("run " + lenet + images + "--batch 1 --arch configs/puma.yaml --quiet --report " + report + option).status == 0);
        auto json = read_json(report);
        json.erase("host");
        return json;
    };
    CHECK(cycles("") == cycles(" --vcd " + folder.path("c.vcd").string()));
}

TEST_CASE("a waveform that cannot be written is an error before anything runs") {
    const Folder folder;
    const Outcome outcome = cimmlc("run " + lenet + "--arch configs/puma.yaml --vcd " + folder.path("no/w.vcd").string());
    CHECK(outcome.status == 2);
    CHECK(outcome.err.find("no/w.vcd: cannot be written") != std::string::npos);
    CHECK(folder.listing().empty());
}
