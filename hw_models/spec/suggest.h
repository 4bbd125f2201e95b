#pragma once
// "Did you mean": the nearest of a set of words.

#include <string>
#include <string_view>
#include <vector>

namespace cim::hw {

/// The candidate with the fewest edits (insert, delete, replace, swap neighbours) from `word`, the first of equals; empty if even that
/// one takes more than a third of the word's letters (at least 2, or 1 for words of up to three letters). Case does not count.
std::string nearest(std::string_view word, const std::vector<std::string>& candidates);

/// ` (did you mean X?)`, or nothing.
std::string did_you_mean(std::string_view word, const std::vector<std::string>& candidates);

/// `a, b or c`; `a, b and c`.
std::string either(const std::vector<std::string>& words);
std::string all_of(const std::vector<std::string>& words);

}  // namespace cim::hw
