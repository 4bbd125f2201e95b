#pragma once
// Ranges of the real values that each tensor of a network takes: found by running it on sample inputs, kept in a RANGES file.

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "compiler/ir/graph.h"

namespace cim::compiler {

enum class CalibrationMethod : std::uint8_t {
    MinMax,      ///< smallest and largest value seen
    MeanSquare,  ///< the range that gives the least mean squared error of uint8 on the values seen; outliers may be cut off
};

const char* to_string(CalibrationMethod method);

struct Range {
    float lo = 0;
    float hi = 0;
};

struct Ranges {
    CalibrationMethod method = CalibrationMethod::MinMax;
    std::string network;
    std::int64_t samples = 0;              ///< inputs that were looked at
    std::map<std::string, Range> tensors;  ///< by name of the float graph's value
    /// Of the tensors that matrices read: mean of each channel (dimension 1). What rounding the weights adds to a result on average is
    /// taken out of its bias.
    std::map<std::string, std::vector<float>> means;
};

/// Runs the float network on each of `samples` (tensors of the input's shape; the network has one input) and collects ranges and means.
/// InputError if there is no sample, one does not fit, or a value of the network is not finite.
Ranges calibrate(const Graph& graph, const std::vector<FloatTensor>& samples, CalibrationMethod method);

/// RANGES files are JSON: {"schema_version": 1, "network", "method", "samples", "tensors": {name: {"min", "max", "means"}}}, where "means"
/// may be missing. Reading is strict: an InputError for every key, type or value that is not as written here.
void write_ranges(const std::filesystem::path& path, const Ranges& ranges);
Ranges read_ranges(const std::filesystem::path& path);

}  // namespace cim::compiler
