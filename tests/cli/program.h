#pragma once
// Runs the built cimmlc as a user does, in a temporary folder.

#include <filesystem>
#include <string>

#include <nlohmann/json.hpp>

namespace cim::test {

struct Outcome {
    int status = -1;  ///< exit status, or -1 if it was ended by a signal
    std::string out;
    std::string err;
};

/// A folder of its own, removed at the end.
class Folder {
  public:
    Folder();
    ~Folder();
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;

    std::filesystem::path path(const std::string& name) const { return folder_ / name; }
    /// Writes a file and gives its path.
    std::string write(const std::string& name, const std::string& text) const;
    /// Names of all files in it, sorted.
    std::string listing() const;

  private:
    std::filesystem::path folder_;
};

/// Runs cimmlc with these words (a shell's quoting), working directory: the source tree.
Outcome cimmlc(const std::string& words);

std::string read_text(const std::filesystem::path& path);
nlohmann::ordered_json read_json(const std::filesystem::path& path);

/// The report of a command that must end with status 0.
nlohmann::ordered_json report_after(const Folder& folder, const std::string& words);

/// Text with the first `from` replaced; the test fails if it is not there.
std::string replaced(std::string text, const std::string& from, const std::string& to);

/// Options that run the trained networks.
inline const std::string lenet = "networks/lenet.onnx --calibration networks/fashion_mnist/calibration.npy ";
inline const std::string resnet8 = "networks/resnet8.onnx --calibration networks/fashion_mnist/calibration.npy ";
inline const std::string images = "--input networks/fashion_mnist/images.npy ";

}  // namespace cim::test
