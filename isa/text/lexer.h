#pragma once
// Words of the program text, one at a time, with the place of each for messages.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "isa/interpreter/resolved.h"

namespace cim::isa {

/// A text that is no program. what() is "file:line:column: what is wrong".
class ParseError : public ProgramError {
  public:
    using ProgramError::ProgramError;
};

enum class TokenKind : std::uint8_t { Name, Number, String, Symbol, End };

struct Token {
    TokenKind kind = TokenKind::End;
    std::string_view text;  ///< as it stands in the source; a string without its quotes, escapes unread
    std::size_t begin = 0;
    int line = 1;
    int column = 1;
};

class Lexer {
  public:
    /// `text` must outlive the lexer. Throws ParseError, as everything here does.
    Lexer(std::string_view text, std::string file);

    const Token& peek() const { return token_; }
    Token take();

    bool at(std::string_view text) const {
        return (token_.kind == TokenKind::Name || token_.kind == TokenKind::Symbol) && token_.text == text;
    }
    /// Whether what follows the token ahead is the symbol `c` (not "=>" where c is "="), with no comment between.
    bool next_is(char c) const;
    /// Takes the next token if it is this name or symbol.
    bool accept(std::string_view text);
    void expect(std::string_view text);

    /// A name; `what` says in the message what was wanted.
    Token name(std::string_view what);
    /// A string in quotes with its escapes read.
    std::string string(std::string_view what);
    /// A whole number with an optional minus sign, in low..high.
    std::int64_t number(std::string_view what, std::int64_t low, std::int64_t high);
    float real(std::string_view what);
    /// Letters and digits without a break, whatever they begin with: a hash, a mode, a shape.
    Token word(std::string_view what);

    [[noreturn]] void fail(const Token& where, const std::string& what) const;
    [[noreturn]] void fail(const std::string& what) const { fail(token_, what); }
    /// What stands there, for messages: "'foo'", "end of file".
    static std::string shown(const Token& token);

  private:
    void advance();
    void skip_space();
    void read_string();
    /// Re-reads the token ahead as a run of the characters that `belongs` accepts.
    template <typename Predicate>
    Token run_of(Predicate belongs, std::string_view what);

    std::string_view text_;
    std::string file_;
    std::size_t at_ = 0;
    std::size_t line_start_ = 0;
    int line_ = 1;
    Token token_;
};

}  // namespace cim::isa
