#include "isa/names.h"

#include <algorithm>
#include <cstddef>

#include <fmt/format.h>

namespace cim::isa {

namespace {

/// Bytes of the character of UTF-8 that `text` begins with, as RFC 3629 has it (shortest form, no surrogates); 0: none.
std::size_t utf8_length(std::string_view text) {
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    const unsigned first = byte(0);
    if (first < 0x80) {
        return 1;
    }
    const std::size_t length = first < 0xC2 ? 0 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : first < 0xF5 ? 4 : 0;
    if (length == 0 || text.size() < length) {
        return 0;
    }
    for (std::size_t i = 1; i < length; ++i) {
        if ((byte(i) & 0xC0U) != 0x80) {
            return 0;
        }
    }
    const unsigned second = byte(1);
    const bool bad = (first == 0xE0 && second < 0xA0) || (first == 0xED && second > 0x9F) || (first == 0xF0 && second < 0x90) ||
                     (first == 0xF4 && second > 0x8F);
    return bad ? 0 : length;
}

}  // namespace

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

bool is_letter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool is_name_start(char c) {
    return is_letter(c) || c == '_';
}

bool is_name_char(char c) {
    return is_name_start(c) || is_digit(c) || c == '.' || c == '-' || c == '/';
}

bool is_name(std::string_view text) {
    return !text.empty() && is_name_start(text[0]) && std::all_of(text.begin(), text.end(), is_name_char) && text.back() != '.' &&
           text.find("..") == std::string_view::npos;
}

std::string name_like(std::string_view text) {
    text.remove_prefix(std::min(text.find_first_not_of('/'), text.size()));
    std::string name;
    for (const char c : text) {
        name += is_name_char(c) && !(c == '.' && !name.empty() && name.back() == '.') ? c : '_';
    }
    if (name.empty() || !is_name_start(name[0])) {
        name.insert(0, "_");
    }
    if (name.back() == '.') {
        name.back() = '_';
    }
    return name;
}

bool is_reserved(std::string_view text) {
    return text == "batch" || text == "min" || text == "max" || text == "div" || text == "mod";
}

bool is_title(std::string_view text) {
    while (!text.empty()) {
        const auto c = static_cast<unsigned char>(text[0]);
        const std::size_t length = utf8_length(text);
        const bool control = c < 0x20 || c == 0x7F || (c == 0xC2 && length == 2 && static_cast<unsigned char>(text[1]) < 0xA0);
        if (length == 0 || control) {
            return false;
        }
        text.remove_prefix(length);
    }
    return true;
}

std::string printable(std::string_view text) {
    constexpr std::size_t longest = 40;
    const std::size_t rest = text.size() - std::min(text.size(), longest);
    std::string out;
    while (text.size() > rest) {
        const std::size_t length = std::max<std::size_t>(1, utf8_length(text));
        const std::string_view one = text.substr(0, length);
        out += is_title(one) ? std::string(one) : fmt::format("\\x{:02x}", static_cast<unsigned>(static_cast<unsigned char>(text[0])));
        text.remove_prefix(is_title(one) ? length : 1);
    }
    return text.empty() ? out : out + "...";
}

}  // namespace cim::isa
