#include "cli/power_limit.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <string>

#include <fmt/format.h>

#include "compiler/driver/power_limit.h"
#include "compiler/error.h"
#include "isa/bounds.h"

namespace cim::cli {

namespace {

double milliwatts(std::int64_t microwatts) {
    return static_cast<double>(microwatts) * 1e-3;
}

}  // namespace

void add_power_option(po::options_description& options) {
    options.add_options()("peak-power-limit", po::value<std::string>()->value_name("MW"),
                          "most that the chip may draw at any time, in mW, leakage included: operations wait until they fit");
}

std::optional<std::int64_t> power_limit_uw(const po::variables_map& values) {
    if (values.count("peak-power-limit") == 0) {
        return std::nullopt;
    }
    const std::string text = values["peak-power-limit"].as<std::string>();
    const double most = milliwatts(isa::max_power_uw);
    double value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size() || !(value > 0) || value > most) {
        throw compiler::InputError(fmt::format("--peak-power-limit: '{}' is not a power in mW, above 0 and up to {}", text, most));
    }
    // Rounded down: a limit is kept. What is a whole number of microwatts but for the binary fraction stays that number.
    return std::max<std::int64_t>(1, static_cast<std::int64_t>(std::floor(value * 1e3 * (1 + 1e-12))));
}

void check_power_limit(const isa::Program& program, const hw::Machine& machine, const compiler::Prediction& prediction) {
    const std::int64_t least = compiler::least_power_limit_uw(prediction, machine);
    if (*program.power_limit_uw < least) {
        throw compiler::InputError(
            fmt::format("program '{}' limits power to {} mW, but one of its operations alone needs {} mW on machine '{}'", program.name,
                        milliwatts(*program.power_limit_uw), milliwatts(least), machine.name));
    }
}

}  // namespace cim::cli
