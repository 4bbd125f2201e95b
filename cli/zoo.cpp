#include "compiler/zoo/zoo.h"

#include <fmt/format.h>

#include "cli/arguments.h"
#include "compiler/error.h"
#include "compiler/frontend/onnx_import.h"
#include "compiler/io/file.h"
#include "compiler/quantization/ranges.h"
#include "compiler/zoo/onnx_writer.h"
#include "compiler/zoo/weights.h"
#include "isa/text/suggest.h"

namespace cim::cli {

namespace {

using compiler::Blueprint;
using compiler::InputError;
using compiler::ZooNetwork;

constexpr std::int64_t largest_size = 1024;

Blueprint blueprint_of(const ZooNetwork& network, std::int64_t height, std::int64_t width, std::int64_t classes) {
    return network.build({1, 3, height, width}, classes);
}

std::string size_of(const Blueprint& blueprint) {
    return fmt::format("{:.2f} M parameters, {:.2f} G multiply-accumulates an image", static_cast<double>(blueprint.parameters) * 1e-6,
                       static_cast<double>(blueprint.macs) * 1e-9);
}

int list() {
    for (const ZooNetwork& network : compiler::zoo()) {
        const Blueprint blueprint = blueprint_of(network, network.size, network.size, network.classes);
        fmt::print("{:<12} {:>3}x{:<3}  {:>6.2f} M parameters  {:>5.2f} GMAC  {}\n", network.name, network.size, network.size,
                   static_cast<double>(blueprint.parameters) * 1e-6, static_cast<double>(blueprint.macs) * 1e-9, network.about);
    }
    return 0;
}

const ZooNetwork& network_named(const std::string& name) {
    if (const ZooNetwork* found = compiler::find_zoo_network(name)) {
        return *found;
    }
    std::vector<std::string_view> names;
    for (const ZooNetwork& network : compiler::zoo()) {
        names.emplace_back(network.name);
    }
    throw InputError(fmt::format("no network '{}'{}; 'cimmlc zoo' lists them", name, isa::suggestion(name, names)));
}

std::pair<std::int64_t, std::int64_t> input_size(const po::variables_map& values, const ZooNetwork& network) {
    if (values.count("input-size") == 0) {
        return {network.size, network.size};
    }
    const std::string text = values["input-size"].as<std::string>();
    const std::size_t cross = text.find('x');
    const auto number = [&](const std::string& word) {
        const bool digits = !word.empty() && word.size() <= 4 && word.find_first_not_of("0123456789") == std::string::npos;
        const std::int64_t value = digits ? std::stoll(word) : 0;
        if (value < network.smallest || value > largest_size) {
            throw InputError(fmt::format("--input-size: '{}' is not HxW with both from {} to {}, what {} can take", text, network.smallest,
                                         largest_size, network.name));
        }
        return value;
    };
    const std::int64_t height = number(text.substr(0, cross));
    return {height, number(cross == std::string::npos ? "" : text.substr(cross + 1))};
}

}  // namespace

int zoo(const Words& words) {
    if (words.empty()) {
        return list();
    }
    po::options_description options("options");
    options.add_options()("output,o", po::value<std::string>()->required()->value_name("M.onnx"), "network to write (required)")(
        "ranges", po::value<std::string>()->value_name("FILE"), "RANGES file to write: what 'cimmlc calibrate' would find on made images")(
        "seed", po::value<std::string>()->value_name("N"), "weights to choose (default: 1)")(
        "input-size", po::value<std::string>()->value_name("HxW"), "size of the images (default: as published)")(
        "classes", po::value<std::string>()->value_name("N"), "outputs (default: as published)");
    const std::optional<po::variables_map> values = parse({"zoo", "NAME", 1, "name"}, options, words);
    if (!values) {
        return 0;
    }
    const ZooNetwork& network = network_named((*values)["name"].as<std::vector<std::string>>()[0]);
    const auto [height, width] = input_size(*values, network);
    const std::int64_t classes = number_option(*values, "classes", 1, 100'000, network.classes);
    const auto seed = static_cast<std::uint32_t>(number_option(*values, "seed", 0, 0xffff'ffff, 1));
    const std::string path = (*values)["output"].as<std::string>();
    const std::string ranges = values->count("ranges") > 0 ? (*values)["ranges"].as<std::string>() : "";
    if (ranges == path) {
        throw InputError(fmt::format("--ranges: {} is where the network goes", ranges));
    }

    Blueprint blueprint = blueprint_of(network, height, width, classes);
    const std::string size = size_of(blueprint);
    const std::vector<compiler::FloatTensor> images = compiler::calibration_images(blueprint);
    compiler::write_file_atomically(path, compiler::onnx_bytes(compiler::give_weights(std::move(blueprint), images, seed)));
    if (!ranges.empty()) {
        compiler::write_ranges(ranges, compiler::calibrate(compiler::import_onnx(path), images, compiler::CalibrationMethod::MinMax));
    }
    fmt::print("{}: image 1x3x{}x{}, scores 1x{}, {}\n", network.name, height, width, classes, size);
    return 0;
}

}  // namespace cim::cli
