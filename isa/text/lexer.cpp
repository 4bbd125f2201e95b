#include "isa/text/lexer.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include <fmt/format.h>

#include "isa/names.h"

namespace cim::isa {

namespace {

int hex_digit(char c) {
    if (is_digit(c)) {
        return c - '0';
    }
    if (c >= 'a' && c <= 'f') {
        return c - 'a' + 10;
    }
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

}  // namespace

Lexer::Lexer(std::string_view text, std::string file) : text_(text), file_(std::move(file)) {
    advance();
}

void Lexer::fail(const Token& where, const std::string& what) const {
    throw ParseError(fmt::format("{}:{}:{}: {}", file_, where.line, where.column, what));
}

std::string Lexer::shown(const Token& token) {
    switch (token.kind) {
        case TokenKind::End: return "the end of the file";
        case TokenKind::String: return fmt::format("\"{}\"", printable(token.text));
        default: return fmt::format("'{}'", printable(token.text));
    }
}

void Lexer::skip_space() {
    while (at_ < text_.size()) {
        const char c = text_[at_];
        if (c == '\n') {
            ++line_;
            line_start_ = at_ + 1;
        } else if (c == '#') {
            while (at_ < text_.size() && text_[at_] != '\n') {
                ++at_;
            }
            continue;
        } else if (c != ' ' && c != '\t' && c != '\r') {
            return;
        }
        ++at_;
    }
}

void Lexer::advance() {
    skip_space();
    token_.begin = at_;
    token_.line = line_;
    token_.column = static_cast<int>(at_ - line_start_) + 1;
    if (at_ == text_.size()) {
        token_.kind = TokenKind::End;
        token_.text = {};
        return;
    }
    const char c = text_[at_];
    std::size_t end = at_ + 1;
    if (is_name_start(c)) {
        token_.kind = TokenKind::Name;
        // "a..b" is a range, "a.b" a name.
        while (end < text_.size() && is_name_char(text_[end]) &&
               (text_[end] != '.' || (end + 1 < text_.size() && text_[end + 1] != '.' && is_name_char(text_[end + 1])))) {
            ++end;
        }
    } else if (is_digit(c)) {
        token_.kind = TokenKind::Number;
        while (end < text_.size() && is_digit(text_[end])) {
            ++end;
        }
    } else if (c == '"') {
        read_string();
        return;
    } else {
        token_.kind = TokenKind::Symbol;
        constexpr std::array<std::string_view, 4> pairs{">=", "=>", "+=", ".."};
        const std::string_view two = text_.substr(at_, 2);
        if (std::find(pairs.begin(), pairs.end(), two) != pairs.end()) {
            end = at_ + 2;
        } else if (std::string_view("()[]{}=+-*,@").find(c) == std::string_view::npos) {
            token_.text = text_.substr(at_, 1);
            fail(fmt::format("{} has no meaning here", shown(token_)));
        }
    }
    token_.text = text_.substr(at_, end - at_);
    at_ = end;
}

void Lexer::read_string() {
    token_.kind = TokenKind::String;
    std::size_t end = at_ + 1;
    while (end < text_.size() && text_[end] != '"' && text_[end] != '\n') {
        end += text_[end] == '\\' && end + 1 < text_.size() && text_[end + 1] != '\n' ? 2 : 1;
    }
    if (end >= text_.size() || text_[end] != '"') {
        fail("a string that is not closed on its line");
    }
    token_.text = text_.substr(at_ + 1, end - at_ - 1);
    at_ = end + 1;
}

Token Lexer::take() {
    const Token taken = token_;
    advance();
    return taken;
}

bool Lexer::next_is(char c) const {
    const std::size_t at = std::min(text_.find_first_not_of(" \t\r\n", at_), text_.size());
    return at < text_.size() && text_[at] == c && (at + 1 == text_.size() || text_[at + 1] != '>');
}

bool Lexer::accept(std::string_view text) {
    if (!at(text)) {
        return false;
    }
    advance();
    return true;
}

void Lexer::expect(std::string_view text) {
    if (!accept(text)) {
        fail(fmt::format("expected '{}', found {}", text, shown(token_)));
    }
}

Token Lexer::name(std::string_view what) {
    if (token_.kind != TokenKind::Name) {
        fail(fmt::format("expected {}, found {}", what, shown(token_)));
    }
    return take();
}

std::string Lexer::string(std::string_view what) {
    if (token_.kind != TokenKind::String) {
        fail(fmt::format("expected {} in double quotes, found {}", what, shown(token_)));
    }
    std::string out;
    const std::string_view raw = token_.text;
    for (std::size_t i = 0; i < raw.size(); ++i) {
        if (raw[i] != '\\') {
            out += raw[i];
            continue;
        }
        ++i;
        const char c = raw[i];
        if (c == '"' || c == '\\') {
            out += c;
        } else if (c == 'x' && i + 2 < raw.size() && hex_digit(raw[i + 1]) >= 0 && hex_digit(raw[i + 2]) >= 0) {
            out += static_cast<char>(hex_digit(raw[i + 1]) * 16 + hex_digit(raw[i + 2]));
            i += 2;
        } else {
            fail(R"(an escape in a string must be \", \\ or \xHH)");
        }
    }
    advance();
    return out;
}

std::int64_t Lexer::number(std::string_view what, std::int64_t low, std::int64_t high) {
    const Token start = token_;
    const bool negative = accept("-");
    if (token_.kind != TokenKind::Number) {
        fail(fmt::format("expected {}{}, found {}", what, negative ? " after the minus sign" : "", shown(token_)));
    }
    const std::string digits = (negative ? "-" : "") + std::string(token_.text);
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    if (error != std::errc{} || value < low || value > high) {
        fail(start, fmt::format("{}: {} is out of range [{},{}]", what, printable(digits), low, high));
    }
    advance();
    return value;
}

template <typename Predicate>
Token Lexer::run_of(Predicate belongs, std::string_view what) {
    std::size_t end = token_.begin;
    while (end < text_.size() && belongs(text_[end])) {
        ++end;
    }
    if (end == token_.begin) {
        fail(fmt::format("expected {}, found {}", what, shown(token_)));
    }
    // The token ahead is on one line and so is the run: the line count stands.
    Token run = token_;
    run.kind = TokenKind::Name;
    run.text = text_.substr(token_.begin, end - token_.begin);
    at_ = end;
    advance();
    return run;
}

Token Lexer::word(std::string_view what) {
    return run_of([](char c) { return is_letter(c) || is_digit(c); }, what);
}

float Lexer::real(std::string_view what) {
    const Token run = run_of([](char c) { return is_letter(c) || is_digit(c) || c == '.' || c == '-' || c == '+'; }, what);
    float value = 0;
    const auto [end, error] = std::from_chars(run.text.data(), run.text.data() + run.text.size(), value);
    if (error != std::errc{} || end != run.text.data() + run.text.size() || !std::isfinite(value)) {
        fail(run, fmt::format("{}: {} is no number that a float can hold", what, shown(run)));
    }
    return value;
}

}  // namespace cim::isa
