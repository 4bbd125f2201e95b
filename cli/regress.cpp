#include <algorithm>

#include <fmt/format.h>

#include "cli/session.h"
#include "cli/trace.h"
#include "compiler/error.h"
#include "compiler/io/file.h"

namespace cim::cli {

int regress(const Words& words) {
    po::options_description options("options");
    options.add_options()("update", "rewrite the traces instead of comparing")(
        "traces", po::value<std::string>()->value_name("DIR"),
        "folder of the traces (default: traces); paths in them count from the folder above");
    const std::optional<po::variables_map> values = parse({"regress", "", 0}, options, words);
    if (!values) {
        return 0;
    }
    const std::filesystem::path folder = values->count("traces") > 0 ? (*values)["traces"].as<std::string>() : "traces";
    std::error_code error;
    std::vector<std::filesystem::path> files;
    for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
        if (entry.path().extension() == ".trace") {
            files.push_back(entry.path());
        }
    }
    if (error || files.empty()) {
        throw compiler::InputError(fmt::format("{}: no .trace file there", folder.string()));
    }
    std::sort(files.begin(), files.end());
    const std::filesystem::path root = std::filesystem::canonical(folder).parent_path();
    int failed = 0;
    for (const std::filesystem::path& file : files) {
        const TraceFile golden = read_trace(file);
        const std::vector<std::string> now = record(golden.test, root);
        const std::string changes = difference(golden.lines, now);
        if (values->count("update") > 0) {
            std::string text = "# Timing trace, times in ticks. Rewritten by: cimmlc regress --update\n" + golden.test.text() + "\n";
            for (const std::string& line : now) {
                text += line + "\n";
            }
            compiler::write_file_atomically(file, text);
            fmt::print("{}: {}\n", file.filename().string(), changes.empty() ? "unchanged" : "rewritten");
        } else {
            fmt::print("{}: {}\n{}", file.filename().string(), changes.empty() ? "same" : "DIFFERENT", changes);
            failed += changes.empty() ? 0 : 1;
        }
    }
    if (values->count("update") == 0) {
        fmt::print("{} traces same, {} different\n", files.size() - static_cast<std::size_t>(failed), failed);
    }
    return failed == 0 ? 0 : 1;
}

}  // namespace cim::cli
