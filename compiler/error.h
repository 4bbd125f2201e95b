#pragma once
// What is wrong with something that the user gave: a network, a tensor file, a ranges file, or a combination of them.

#include <stdexcept>
#include <string>

namespace cim::compiler {

/// what() is the whole message on one line, ready to print (`FILE: node 'x' (Conv): ...`). The command line ends with status 2 on it.
class InputError : public std::runtime_error {
  public:
    /// Names out of files end up in messages: control characters become blanks, several blanks one, and the length is bounded.
    explicit InputError(const std::string& message) : std::runtime_error(one_line(message)) {}

  private:
    static std::string one_line(const std::string& message) {
        constexpr std::size_t longest = 2000;
        std::string line;
        for (const char c : message) {
            const bool blank = static_cast<unsigned char>(c) <= ' ' || c == 0x7f;
            if (!blank) {
                line += c;
            } else if (!line.empty() && line.back() != ' ') {
                line += ' ';
            }
            if (line.size() == longest) {
                return line + "...";
            }
        }
        return line;
    }
};

}  // namespace cim::compiler
