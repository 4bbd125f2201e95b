#include <fmt/format.h>

#include "cli/session.h"
#include "compiler/error.h"

namespace cim::cli {

int calibrate(const Words& words) {
    po::options_description options("options");
    options.add_options()("inputs", po::value<std::string>()->required()->value_name("DIR|FILE"),
                          "inputs to look at (.npy, .pb or a folder of them; required)")(
        "ranges,o", po::value<std::string>()->required()->value_name("FILE"), "RANGES file to write (required)")(
        "calibration-method", po::value<std::string>()->value_name("NAME"), "min-max (default) or mean-square")(
        "input-shape", po::value<std::vector<std::string>>()->value_name("NAME:1x3x224x224"),
        "shape of an input that the network leaves open");
    const std::optional<po::variables_map> values = parse({"calibrate", "MODEL.onnx", 1, "model"}, options, words);
    if (!values) {
        return 0;
    }
    const std::filesystem::path inputs = (*values)["inputs"].as<std::string>();
    if (inputs.extension() != ".npy" && inputs.extension() != ".pb" && !std::filesystem::is_directory(inputs)) {
        throw compiler::InputError(fmt::format("--inputs: {} is neither .npy nor .pb nor a folder of them", inputs.string()));
    }
    po::variables_map as_compile = *values;
    as_compile.insert({"calibration", po::variable_value((*values)["inputs"].value(), false)});
    const Network network = network_of(as_compile, false);
    compiler::write_ranges((*values)["ranges"].as<std::string>(), network.ranges);
    fmt::print("{} tensors, {} inputs, {}\n", network.ranges.tensors.size(), network.ranges.samples,
               compiler::to_string(network.ranges.method));
    return 0;
}

}  // namespace cim::cli
