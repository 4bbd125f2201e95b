#pragma once
// What the tests of the hardware file share: the files under configs/, edited copies of them, the mistakes found.

#include <string>
#include <utility>
#include <vector>

#include "hw_models/spec/machine.h"

namespace cim::test {

/// Path of configs/NAME.yaml.
std::string config_path(const std::string& name);
std::string config_text(const std::string& name);
/// Names of all files under configs/, sorted, without ending.
std::vector<std::string> config_names();

/// `text` with the first occurrence of `from` replaced; fails the test if there is none.
std::string replaced(std::string text, const std::string& from, const std::string& to);

/// configs/NAME.yaml, which must have no mistakes.
hw::Machine loaded_machine(const std::string& name);

/// What the loader says about the text, one line a mistake; the file is called `m.yaml`.
std::vector<std::string> complaints(const std::string& text);

/// Text replaced, and by what.
using Edit = std::pair<std::string, std::string>;

/// A mistake put into configs/tiny.yaml, and all that must be said about it.
struct Mistake {
    std::string title;
    std::vector<Edit> edits;
    std::vector<std::string> expected;
};
void expect_mistakes(const std::vector<Mistake>& mistakes);

/// A line of a hardware file written by show_machine that holds a key.
struct KeyLine {
    std::string path;
    std::string value;     ///< without the comment
    std::size_t line = 0;  ///< from 0
};
std::vector<KeyLine> key_lines(const std::string& shown);
/// `text` with the line numbered `line` replaced by `with`, or taken out if that is empty.
std::string with_line(const std::string& text, std::size_t line, const std::string& with);

}  // namespace cim::test
