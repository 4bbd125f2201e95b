#pragma once
// Golden timing traces: a case (network, machine, batch) and what it took, as text that a person can read and a tool can compare exactly.

#include <filesystem>
#include <string>
#include <vector>

namespace cim::cli {

/// First lines of a trace file: `network`, `arch`, `calibration` (paths from the folder above the traces'), `batch`.
struct TraceCase {
    std::string network;
    std::string arch;
    std::string calibration;
    std::int64_t batch = 1;
    std::string text() const;
};

/// Splits a trace file. InputError for a line that is not of the form.
struct TraceFile {
    TraceCase test;
    std::vector<std::string> lines;  ///< what it took
};
TraceFile read_trace(const std::filesystem::path& path);

/// Compiles and simulates the case (timing only); the trace's lines. InputError with what went wrong.
std::vector<std::string> record(const TraceCase& test, const std::filesystem::path& root);

/// Differences, readable: first which operator moved first, then line by line. Empty if equal.
std::string difference(const std::vector<std::string>& golden, const std::vector<std::string>& now);

}  // namespace cim::cli
