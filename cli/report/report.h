#pragma once
// report.json: what a run did, in one ordered JSON value. The terminal summary is made from the same value.

#include <optional>
#include <string>

#include <nlohmann/json.hpp>

#include "compiler/prediction/predict.h"
#include "compiler/scheduling/cg/bound.h"
#include "hw_models/spec/machine.h"
#include "isa/program.h"
#include "platform/loader/simulate.h"

namespace cim::cli {

using Json = nlohmann::ordered_json;

/// Comparison of the platform's outputs with a reference.
struct Verification {
    std::string reference = "none";  ///< `integer`, `adc-emulation`, `none`
    std::int64_t compared = 0;       ///< output elements
    std::int64_t mismatches = 0;
    int max_abs_diff = 0;               ///< in stored units
    std::optional<double> sqnr_db;      ///< of the outputs against the float network; none: not compared, or no difference
    std::optional<double> adc_sqnr_db;  ///< of the outputs against exact integers; none: lossless, or no difference
    std::optional<double> top1;         ///< share of images with the right label, if labels were given
};

/// Time and memory of the host; the only part of a report that differs between equal runs.
struct HostCost {
    double compile_s = 0;
    double simulate_s = 0;
};

struct RunFacts {
    const isa::Program& program;
    const hw::Machine& machine;
    const platform::SimulationResult& result;
    const compiler::Prediction& prediction;
    std::int64_t batch = 1;
    bool functional = true;
    Verification verification;
    HostCost host;
    std::optional<compiler::Bounds> bounds = {};  ///< of the network, if it is at hand and not the program alone
};

Json make_report(const RunFacts& facts);

/// A summary for people: cycles, energy by component, utilisation, slowest operators, where the cycles went. `colour`: with terminal
/// colours.
std::string summary(const Json& report, bool colour);

}  // namespace cim::cli
