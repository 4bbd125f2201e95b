#pragma once
// What the verifier finds, and the rules that it checks.

#include <string>
#include <string_view>
#include <vector>

#include "isa/program.h"

namespace cim::isa {

/// A violation of one rule: `rule` is its short name in rules(), `message` says where and with which operands.
struct Diagnostic {
    std::string rule;
    std::string message;
};

struct Rule {
    std::string_view name;
    std::string_view says;
};

/// All rules, static ones first.
const std::vector<Rule>& rules();

/// Diagnostics up to a cap. A message is kept once only.
class Findings {
  public:
    explicit Findings(std::size_t most) : most_(most) {}

    /// `rule` must be one of rules().
    void add(std::string_view rule, std::string message);
    bool full() const { return list_.size() >= most_; }
    bool empty() const { return list_.empty(); }
    std::vector<Diagnostic> take() { return std::move(list_); }

  private:
    std::size_t most_;
    std::vector<Diagnostic> list_;
};

/// "flow 'conv1.read', line 12", without the line if there is none.
std::string where(const Program& program, Index flow, int line);

}  // namespace cim::isa
