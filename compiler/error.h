#pragma once
// What is wrong with something that the user gave: a network, a tensor file, a ranges file, or a combination of them.

#include <stdexcept>

namespace cim::compiler {

/// what() is the whole message on one line, ready to print (`FILE: node 'x' (Conv): ...`). The command line ends with status 2 on it.
class InputError : public std::runtime_error {
  public:
    using std::runtime_error::runtime_error;
};

}  // namespace cim::compiler
