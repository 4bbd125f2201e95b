#pragma once
// What things of a program may be called.

#include <string>
#include <string_view>

namespace cim::isa {

// Of ASCII, whatever the locale.
bool is_digit(char c);
bool is_letter(char c);
bool is_name_start(char c);
bool is_name_char(char c);
/// Whether `text` may be the name of a buffer, counter, weight, flow or template: a letter or `_`, then letters, digits, `_`, `-`, `/` and
/// single dots, none at the end.
bool is_name(std::string_view text);
/// The name most like `text`: itself if it is one, else without `/` in front and with `_` for what a name cannot have.
std::string name_like(std::string_view text);
/// Words with a meaning in expressions, which no parameter or loop variable may bear.
bool is_reserved(std::string_view text);

/// Whether operators, tensors and programs may be called so: anything in UTF-8 without control characters.
bool is_title(std::string_view text);
/// The beginning of any bytes, fit for a message: what is no title as \\xHH.
std::string printable(std::string_view text);

}  // namespace cim::isa
