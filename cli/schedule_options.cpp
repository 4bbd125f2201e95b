#include "cli/schedule_options.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "cli/power_limit.h"
#include "compiler/error.h"

namespace cim::cli {

using compiler::InputError;

namespace {

/// An optimisation that may be left out.
struct Pass {
    std::string_view name;
    bool compiler::CompileOptions::*option;
};

constexpr std::array<Pass, 10> passes{{{"duplication", &compiler::CompileOptions::duplication},
                                       {"remap", &compiler::CompileOptions::remapping},
                                       {"spread", &compiler::CompileOptions::spread},
                                       {"stagger", &compiler::CompileOptions::stagger},
                                       {"prewrite", &compiler::CompileOptions::prewrite},
                                       {"keep", &compiler::CompileOptions::keep},
                                       {"hold", &compiler::CompileOptions::hold},
                                       {"forward", &compiler::CompileOptions::forward},
                                       {"join", &compiler::CompileOptions::join},
                                       {"reload", &compiler::CompileOptions::reload}}};

std::string names_of_passes() {
    std::vector<std::string_view> names;
    std::transform(passes.begin(), passes.end(), std::back_inserter(names), [](const Pass& pass) { return pass.name; });
    return fmt::format("{}", fmt::join(names, ", "));
}

}  // namespace

void add_schedule_options(po::options_description& options) {
    options.add_options()(
        "level", po::value<std::string>()->value_name("best|none|cg|mvm|vvm"),
        "grain at which the machine is driven: cores, matrix-vector multiplications or groups of wordlines (default: mvm, or cg where its "
        "mode is CM); best: all that its mode has are tried; none: operators one after the other")(
        "search", po::value<std::string>()->value_name("quick|thorough"),
        "how many programs are tried: thorough takes several times as long to compile (default: quick)")(
        "objective", po::value<std::string>()->value_name("NAME"),
        "what the program is to be best at: latency (default: the time of all inputs), interval (between two of many inputs) or energy")(
        "copies", po::value<std::string>()->value_name("optimal|poly|poly-uniform"),
        "rule by which crossbars that are left become copies of weights: optimal (default), or what others do, to compare with "
        "(docs/adr/0003-baselines.md); these take the first schedule")("disable", po::value<std::vector<std::string>>()->value_name("PASS"),
                                                                       ("leaves an optimisation out: " + names_of_passes()).c_str());
    add_power_option(options);
}

namespace {

compiler::CopyPolicy copy_policy(const std::string& name) {
    static const std::map<std::string, compiler::CopyPolicy> policies{{"optimal", compiler::CopyPolicy::Optimal},
                                                                      {"poly", compiler::CopyPolicy::Poly},
                                                                      {"poly-uniform", compiler::CopyPolicy::PolyUniform}};
    const auto found = policies.find(name);
    if (found == policies.end()) {
        throw InputError(fmt::format("--copies: no rule '{}'; there are optimal, poly and poly-uniform", name));
    }
    return found->second;
}

}  // namespace

compiler::CompileOptions schedule_options(const po::variables_map& values, std::int64_t images) {
    compiler::CompileOptions options;
    options.images = images;
    if (values.count("level") > 0) {
        const std::string name = values["level"].as<std::string>();
        options.level = isa::level_from(name);
        options.every_level = name == "best";
        if (!options.level && !options.every_level) {
            throw InputError(fmt::format("--level: no level '{}'; there are best, none, cg, mvm and vvm", name));
        }
    }
    if (values.count("objective") > 0) {
        const std::string name = values["objective"].as<std::string>();
        const std::optional<compiler::Objective> objective = compiler::objective_from(name);
        if (!objective) {
            throw InputError(fmt::format("--objective: no objective '{}'; there are latency, interval and energy", name));
        }
        options.objective = *objective;
    }
    if (values.count("search") > 0) {
        const std::string name = values["search"].as<std::string>();
        options.thorough = name == "thorough";
        if (name != "quick" && name != "thorough") {
            throw InputError(fmt::format("--search: no search '{}'; there are quick and thorough", name));
        }
    }
    if (values.count("copies") > 0) {
        options.copies = copy_policy(values["copies"].as<std::string>());
    }
    if (values.count("disable") > 0) {
        for (const std::string& name : values["disable"].as<std::vector<std::string>>()) {
            const auto pass = std::find_if(passes.begin(), passes.end(), [&](const Pass& one) { return one.name == name; });
            if (pass == passes.end()) {
                throw InputError(
                    fmt::format("--disable: there is no optimisation '{}' to leave out; there are {}", name, names_of_passes()));
            }
            options.*pass->option = false;
        }
    }
    const bool first_schedule = !options.spread || options.level == isa::Level::None || options.copies != compiler::CopyPolicy::Optimal;
    if (options.objective != compiler::Objective::Latency && first_schedule) {
        throw InputError(
            "--objective: with --disable spread, --level none or --copies the first schedule is taken, whatever the objective");
    }
    if (options.thorough && first_schedule) {
        throw InputError(
            "--search: with --disable spread, --level none or --copies the first schedule is taken, there is nothing to search");
    }
    if (values.count("copies") > 0 && (!options.duplication || options.level == isa::Level::None)) {
        throw InputError(
            fmt::format("--copies: there are no copies with {}", options.duplication ? "--level none" : "--disable duplication"));
    }
    options.power_limit_uw = power_limit_uw(values);
    return options;
}

}  // namespace cim::cli
