// What a run promises, seen from outside.
#include <catch2/catch.hpp>
#include <fmt/format.h>

#include "tests/cli/program.h"

using namespace cim::test;

namespace {

const char* const machines[] = {"puma", "machine-h", "isaac-baseline"};

nlohmann::ordered_json report_of(const Folder& folder, const std::string& words) {
    return report_after(folder, "run " + lenet + words);
}

nlohmann::ordered_json without_host(nlohmann::ordered_json report) {
    report.erase("host");
    return report;
}

}  // namespace

TEST_CASE("LeNet equals the integer reference on every value of 64 images") {
    const std::string machine = GENERATE(as<std::string>{}, "puma", "machine-h");
    const Folder folder;
    const auto report = report_of(folder, images + "--arch configs/" + machine + ".yaml");
    CHECK(report["verification"]["reference"] == "integer");
    CHECK(report["verification"]["compared"] == 640);
    CHECK(report["verification"]["mismatches"] == 0);
}

TEST_CASE("LeNet equals the reference at each level that a machine has, and the report says which") {
    struct Case {
        const char* machine;
        const char* options;
        const char* mode;
        const char* level;
    };
    const Case c = GENERATE(Case{"jia2021", "", "CM", "cg"}, Case{"jia2021", " --level none", "CM", "none"}, Case{"puma", "", "XBM", "mvm"},
                            Case{"puma", " --level cg", "CM", "cg"}, Case{"puma", " --level none", "XBM", "none"},
                            Case{"isaac-baseline", "", "XBM", "mvm"}, Case{"isaac-baseline", " --level cg", "CM", "cg"},
                            Case{"isaac-baseline", " --level vvm", "WLM", "vvm"});
    const Folder folder;
    const auto report = report_of(folder, images + "--batch 2 --arch configs/" + c.machine + ".yaml" + c.options);
    INFO(c.machine << c.options);
    CHECK(report["mode"] == c.mode);
    CHECK(report["level"] == c.level);
    CHECK(report["verification"]["reference"] == (c.machine == std::string("jia2021") ? "adc-emulation" : "integer"));
    CHECK(report["verification"]["mismatches"] == 0);
    CHECK(report["bounds"]["latency_cycles"] <= report["first_image_cycles"]);
}

TEST_CASE("level best is as good as the best level that the machine has") {
    struct Case {
        const char* machine;
        std::vector<const char*> levels;
        const char* objective;
        const char* figure;
    };
    const Case c = GENERATE(Case{"isaac-baseline", {"cg", "mvm", "vvm"}, "latency", "cycles"},
                            Case{"jain2021", {"cg", "mvm", "vvm"}, "latency", "cycles"}, Case{"jia2021", {"cg"}, "latency", "cycles"},
                            Case{"puma", {"cg", "mvm"}, "energy", "energy"});
    const Folder folder;
    const auto figure = [&](const std::string& level) {
        const auto report = report_of(folder, images + "--batch 1 --timing-only --level " + level + " --objective " + c.objective +
                                                  " --arch configs/" + c.machine + ".yaml");
        const auto& value = c.figure == std::string("energy") ? report["energy_pj"]["total"] : report["cycles"];
        return std::make_pair(value.get<double>(), report["level"].get<std::string>());
    };
    auto least = std::make_pair(1e300, std::string());
    for (const char* level : c.levels) {
        least = std::min(least, figure(level));
    }
    const auto best = figure("best");
    INFO(c.machine << " at " << best.second);
    CHECK(best.first == least.first);
    CHECK(std::count(c.levels.begin(), c.levels.end(), best.second) == 1);
}

TEST_CASE("without optimisation an operator begins when the one before has ended") {
    const Folder folder;
    for (const char* machine : {"jia2021", "puma", "isaac-baseline"}) {
        const auto report = report_of(folder, images + "--batch 1 --timing-only --level none --arch configs/" + machine + ".yaml");
        std::int64_t end = 0;
        for (const auto& op : report["operators"]) {
            if (op["op"] == "Input" || op["op"] == "Output") {
                continue;
            }
            INFO(machine << ": " << op["name"]);
            CHECK(op["start_cycle"] >= end);
            end = op["end_cycle"];
        }
        CHECK(end > 0);
    }
}

TEST_CASE("LeNet equals the converters' emulation where the ADC loses something, and the loss is reported") {
    const std::string model = GENERATE(as<std::string>{}, "saturate", "uniform");
    const Folder folder;
    const std::string text = replaced(read_text(std::string(CIM_SOURCE_DIR) + "/configs/puma.yaml"), "bits: 8", "bits: 6");
    const std::string arch = folder.write("lossy.yaml", model == "saturate" ? text : replaced(text, "model: saturate", "model: uniform"));
    const auto report = report_of(folder, images + "--batch 2 --arch " + arch);
    CHECK(report["verification"]["reference"] == "adc-emulation");
    CHECK(report["verification"]["mismatches"] == 0);
    CHECK(report["verification"]["adc"]["lossy"].get<std::int64_t>() > 0);
    CHECK(report["verification"]["adc"]["conversions"].get<std::int64_t>() > report["verification"]["adc"]["lossy"].get<std::int64_t>());
}

TEST_CASE("functional and timing-only runs agree in every cycle and picojoule") {
    const Folder folder;
    for (const char* machine : machines) {
        const std::string arch = images + "--batch 3 --arch configs/" + std::string(machine) + ".yaml";
        auto with_data = without_host(report_of(folder, arch));
        auto without_data = without_host(report_of(folder, arch + " --timing-only"));
        for (const char* key : {"functional", "verification"}) {
            with_data.erase(key);
            without_data.erase(key);
        }
        INFO(machine);
        CHECK(with_data == without_data);
    }
}

TEST_CASE("two runs give the same bytes") {
    const Folder first;
    const Folder second;
    const Folder* const folders[] = {&first, &second};
    for (const Folder* folder : folders) {
        const std::string program = folder->path("p.mop").string();
        CHECK(cimmlc("compile " + lenet + "--arch configs/puma.yaml -o " + program).status == 0);
        CHECK(cimmlc("simulate " + program + " --arch configs/puma.yaml " + images + "--batch 2 --output " +
                     folder->path("y.npy").string() + " --report " + folder->path("r.json").string())
                  .status == 0);
    }
    for (const char* name : {"p.mop", "p.data", "y.npy"}) {
        INFO(name);
        CHECK_FALSE(read_text(first.path(name)).empty());
        CHECK(read_text(first.path(name)) == read_text(second.path(name)));
    }
    CHECK(without_host(read_json(first.path("r.json"))) == without_host(read_json(second.path("r.json"))));
}

TEST_CASE("a compiled program gives the outputs that run gives") {
    const Folder folder;
    CHECK(
        cimmlc("run " + lenet + images + "--batch 2 --arch configs/puma.yaml --quiet --output " + folder.path("run.npy").string()).status ==
        0);
    for (const char* name : {"p.mop", "p.mopb"}) {
        const std::string program = folder.path(name).string();
        CHECK(cimmlc("compile " + lenet + "--arch configs/puma.yaml -o " + program).status == 0);
        CHECK(cimmlc("simulate " + program + " --arch configs/puma.yaml " + images + "--batch 2 --quiet --output " +
                     folder.path("y.npy").string())
                  .status == 0);
        CHECK(read_text(folder.path("y.npy")) == read_text(folder.path("run.npy")));
    }
}

TEST_CASE("the leaves of the energy add up") {
    const Folder folder;
    const auto report = report_of(folder, images + "--batch 1 --arch configs/puma.yaml");
    const auto& energy = report["energy_pj"];
    const double total = energy["total"].get<double>();
    const auto sum = [](const nlohmann::ordered_json& parts) {
        double all = 0;
        for (const auto& part : parts) {
            all += part.is_object() ? part["pj"].get<double>() : part.get<double>();
        }
        return all;
    };
    double operators = energy["by_component"]["leakage"].get<double>();
    for (const auto& op : report["operators"]) {
        operators += op["energy_pj"].get<double>();
    }
    for (const double part :
         {sum(energy["leaves"]), sum(energy["by_component"]), sum(energy["by_tier"]), sum(energy["by_place"]), operators}) {
        CHECK(part == Approx(total).epsilon(1e-12));
    }
    // Power over time is the same energy: mW x cycles of 1 ns.
    const auto& profile = report["power_profile"];
    const double length = profile["interval_cycles"].get<double>();
    const double cycles = report["cycles"].get<double>();
    double over_time = 0;
    double begin = 0;
    for (const auto& mw : profile["mw"]) {
        over_time += mw.get<double>() * std::min(length, cycles - begin);
        CHECK(mw.get<double>() <= report["peak_power_mw"].get<double>() * (1 + 1e-12));
        begin += length;
    }
    CHECK(profile["mw"].size() > 256);
    CHECK(begin >= cycles);
    CHECK(over_time == Approx(total).epsilon(1e-9));
}

TEST_CASE("with the weights where they are, the busiest crossbar's work is the least interval") {
    const Folder folder;
    const std::string options = images + "--batch 4 --timing-only --arch configs/puma.yaml";
    const std::string one_copy = " --disable duplication --disable spread";
    // conv1: 784 windows of 25 bytes and 16 channels. Window in 1 + 2 cycles; 8 input bits, each a read of 16 cycles and 64 samples of one
    // ADC; sums out 1 + 4 cycles.
    const std::int64_t conv1 = 784 * ((1 + 2) + 8 * (16 + 64) + (1 + 4));
    const auto run = report_of(folder, options + one_copy);
    CHECK(run["bounds"]["of"] == "network, weights resident");
    CHECK(run["bounds"]["program_interval_cycles"] == conv1);
    CHECK(run["bounds"]["interval_cycles"].get<std::int64_t>() < conv1);  // with more copies

    const std::string program = folder.path("p.mop").string();
    CHECK(cimmlc("compile " + lenet + "--arch configs/puma.yaml -o " + program + one_copy).status == 0);
    CHECK(cimmlc("simulate " + program + " " + options + " --quiet --report " + folder.path("s.json").string()).status == 0);
    const auto simulated = read_json(folder.path("s.json"));
    CHECK(simulated["bounds"]["of"] == "program");
    CHECK(simulated["bounds"]["interval_cycles"] == conv1);
    CHECK(simulated["initiation_interval_cycles"].get<double>() >= static_cast<double>(conv1));
}

TEST_CASE("no simulated time is below its bound") {
    const Folder folder;
    const std::string report = folder.path("r.json").string();
    for (const char* network : {"lenet", "resnet8"}) {
        for (const char* machine : {"puma", "machine-h", "isaac-baseline", "jain2021", "tiny"}) {
            for (const char* batch : {"1", "3"}) {
                INFO(network << " on " << machine << ", batch " << batch);
                CHECK(cimmlc(std::string("run networks/") + network +
                             ".onnx --calibration networks/fashion_mnist/calibration.npy --arch configs/" + machine +
                             ".yaml --timing-only --quiet --batch " + batch + " --report " + report)
                          .status == 0);
                const auto r = read_json(report);
                CHECK(r["bounds"]["interval_cycles"].get<double>() <= r["initiation_interval_cycles"].get<double>());
                CHECK(r["bounds"]["latency_cycles"].get<std::int64_t>() <= r["first_image_cycles"].get<std::int64_t>());
                CHECK(r["bounds"]["interval_cycles"].get<std::int64_t>() > 0);
                CHECK(r["bounds"]["latency_cycles"] >= r["bounds"]["interval_cycles"]);
            }
        }
    }
}

TEST_CASE("a missing price is an error, a doubled one doubles its leaf alone") {
    const Folder folder;
    const std::string puma = read_text(std::string(CIM_SOURCE_DIR) + "/configs/puma.yaml");
    const std::size_t at = puma.find("sample_energy:");
    REQUIRE(at != std::string::npos);
    const std::size_t end = puma.find('\n', at);
    const std::string line = puma.substr(at, end - at);
    const Outcome outcome = cimmlc("run " + lenet + "--arch " + folder.write("missing.yaml", replaced(puma, line, "")));
    CHECK(outcome.status == 2);
    CHECK(outcome.err.find("crossbar.adc.sample_energy") != std::string::npos);

    const double price = std::stod(line.substr(line.find(':') + 1));
    const std::string doubled = folder.write("doubled.yaml", replaced(puma, line, fmt::format("sample_energy: {} pJ", 2 * price)));
    const auto before = report_of(folder, "--timing-only --arch configs/puma.yaml");
    const auto after = report_of(folder, "--timing-only --arch " + doubled);
    for (const auto& [name, pj] : before["energy_pj"]["by_component"].items()) {
        INFO(name);
        const double factor = name == "adc" ? 2.0 : 1.0;
        CHECK(after["energy_pj"]["by_component"][name].get<double>() == Approx(factor * pj.get<double>()).epsilon(1e-12));
    }
}

TEST_CASE("with ideal network and memories the prediction is the simulation, operator by operator") {
    const Folder folder;
    for (const char* batch : {"1", "3"}) {
        const auto report = report_of(folder, images + "--arch tests/cli/ideal-paths.yaml --batch " + batch);
        CHECK(report["cycles"].get<std::int64_t>() > 0);
        CHECK(report["predicted_cycles"] == report["cycles"]);
        for (const auto& op : report["operators"]) {
            INFO(op["name"]);
            CHECK(op["predicted_start"] == op["start_cycle"]);
            CHECK(op["predicted_end"] == op["end_cycle"]);
        }
    }
}

TEST_CASE("busy and stalled time of every engine add up to its lifetime") {
    const Folder folder;
    for (const char* machine : machines) {
        const auto report = report_of(folder, images + "--batch 2 --arch configs/" + std::string(machine) + ".yaml");
        std::int64_t lifetime = -1;
        for (const auto& engine : report["engines"]) {
            std::int64_t total = 0;
            for (const auto& ticks : engine["ticks"]) {
                CHECK(ticks.get<std::int64_t>() >= 0);
                total += ticks.get<std::int64_t>();
            }
            CHECK(total == engine["lifetime_ticks"].get<std::int64_t>());
            lifetime = lifetime < 0 ? total : lifetime;
            CHECK(total == lifetime);
        }
        CHECK(lifetime > 0);
    }
}

TEST_CASE("regress says the same, and names the first operator that moved when a latency changes") {
    CHECK(cimmlc("regress").status == 0);
    const Folder folder;
    std::filesystem::create_directories(folder.path("traces"));
    std::filesystem::create_directories(folder.path("configs"));
    for (const char* name : {"networks"}) {
        std::filesystem::copy(std::string(CIM_SOURCE_DIR) + "/" + name, folder.path(name), std::filesystem::copy_options::recursive);
    }
    std::filesystem::copy_file(std::string(CIM_SOURCE_DIR) + "/traces/lenet-puma-1.trace", folder.path("traces/lenet-puma-1.trace"));
    const std::string puma = read_text(std::string(CIM_SOURCE_DIR) + "/configs/puma.yaml");
    folder.write("configs/puma.yaml", replaced(puma, "read_latency: 16 cycle", "read_latency: 17 cycle"));
    const Outcome outcome = cimmlc("regress --traces " + folder.path("traces").string());
    CHECK(outcome.status == 1);
    CHECK(outcome.out.find("first operator that moved: conv1.Conv") != std::string::npos);
    CHECK(cimmlc("regress --update --traces " + folder.path("traces").string()).status == 0);
    CHECK(cimmlc("regress --traces " + folder.path("traces").string()).status == 0);
}

TEST_CASE("the report says how many copies of its weights an operator has") {
    const Folder folder;
    const std::string arch = images + "--batch 2 --timing-only --arch configs/puma.yaml";
    for (const auto& op : report_of(folder, arch + " --disable duplication")["operators"]) {
        CHECK(op["duplication"] == 1);
    }
    const auto report = report_of(folder, arch);
    const auto& first = report["operators"][0];  // one tile a copy
    CHECK(first["duplication"].get<int>() > 1);
    CHECK(first["duplication"] == first["crossbars"]);
}

TEST_CASE("copies by the rules of Poly-Schedule have cores of their own, and give the same outputs") {
    const Folder folder;
    const std::string machine = images + "--batch 2 --arch configs/machine-h.yaml";
    const auto best = report_of(folder, machine);
    for (const char* rule : {"poly", "poly-uniform"}) {
        const auto report = report_of(folder, machine + " --copies " + rule);
        INFO(rule);
        CHECK(report["verification"]["mismatches"] == 0);
        CHECK(report["cycles"] > best["cycles"]);
        std::size_t copies = 0;
        std::size_t cores = 0;
        for (const auto& op : report["operators"]) {
            if (op["crossbars"] > 0) {
                copies += op["duplication"].get<std::size_t>();
                cores += op["cores"].get<std::size_t>();
                CHECK(op["cores"] == op["duplication"]);  // no operator of LeNet needs more than a core
            }
        }
        CHECK(cores <= 64);
        CHECK(copies > 5);
    }
}

TEST_CASE("each optimisation left out gives another schedule, the same outputs, and no faster run") {
    const Folder folder;
    const std::string machine = images + "--batch 2 --arch configs/machine-h.yaml";
    const auto all = report_of(folder, machine);
    for (const char* pass : {"duplication", "spread"}) {
        const auto without = report_of(folder, machine + " --disable " + pass);
        INFO(pass);
        CHECK(without["verification"]["mismatches"] == 0);
        CHECK(without["verification"]["compared"] == 20);
        CHECK(without["cycles"] > all["cycles"]);
    }
    const auto on_isaac = [&](const std::string& words) {
        return report_after(folder, "run " + resnet8 + images + "--arch configs/isaac-baseline.yaml --disable spread --batch 2 " + words);
    };
    const auto filled = on_isaac("--level vvm --disable remap");
    CHECK(filled["cycles"] > on_isaac("--level vvm")["cycles"]);
    CHECK(filled["cycles"] == on_isaac("--level mvm")["cycles"]);
    // Where crossbars bound the time: copies wait for the port anyway.
    const auto one_copy = report_of(folder, machine + " --disable duplication");
    const auto together = report_of(folder, machine + " --disable duplication --disable stagger");
    CHECK(together["verification"]["mismatches"] == 0);
    CHECK(together["cycles"] > one_copy["cycles"]);
    const auto on_puma = [&](const std::string& words) {
        return report_of(folder, images + "--batch 2 --arch configs/puma.yaml " + words);
    };
    const auto sent_to_each = on_puma("--disable forward");
    CHECK(sent_to_each["verification"]["mismatches"] == 0);
    CHECK(sent_to_each["cycles"] > on_puma("")["cycles"]);
    const Outcome required = cimmlc("run " + lenet + machine + " --disable placement");
    CHECK(required.status == 2);
    CHECK_THAT(required.err, Catch::Contains("no optimisation 'placement'"));
}

TEST_CASE("a program is made for as many images as compile is told") {
    const Folder folder;
    const auto cycles = [&](int made_for, int run_with) {
        const std::string program = folder.path("p.mop").string();
        REQUIRE(
            cimmlc(fmt::format("compile networks/lenet.onnx --arch configs/machine-h.yaml --batch {} -o {}", made_for, program)).status ==
            0);
        REQUIRE(cimmlc(fmt::format("simulate {} --arch configs/machine-h.yaml --timing-only --batch {} --quiet --report {}", program,
                                   run_with, folder.path("r.json").string()))
                    .status == 0);
        return read_json(folder.path("r.json"))["cycles"].get<std::int64_t>();
    };
    CHECK(cycles(1, 1) < cycles(3, 1));
    CHECK(cycles(3, 3) < cycles(1, 3));
}
