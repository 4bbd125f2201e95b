#pragma once
// What the crossbars hold in the untimed run, and in which order they were written and read.

#include <string>
#include <vector>

#include "isa/interpreter/resolved.h"
#include "isa/verifier/operands.h"
#include "isa/verifier/shadow.h"

namespace cim::isa {

/// A crossbar serves its operators in the order of their issue, so what counts is whether one issue happened before another.
class Crossbars {
  public:
    Crossbars(const Program& program, const Limits& limits) : program_(program), limits_(limits) {}

    /// Executes what a crossbar operator does to its crossbars. `now` is the point of its issue in its flow. Rules unwritten, rows,
    /// columns, race. For an unordered pair, `other` receives the earlier operator's epoch.
    OperandFault execute(Index core, const OpInstance& op, const Epoch& now, const Viewpoint& view, Epoch& other);
    /// All that has been is past for everybody.
    void forget_order();

  private:
    struct Crossbar {
        std::vector<Index> row_weight;  ///< weight that each row belongs to, -1: never written
        ShadowCell order;
    };

    Crossbar& at(Index core, Index xb);
    OperandFault write(Crossbar& crossbar, Index xb, Index weight, std::int64_t row, std::int64_t rows);
    OperandFault read(const Crossbar& crossbar, Index xb, std::int64_t row, std::int64_t rows, std::int64_t cols) const;

    const Program& program_;
    const Limits& limits_;
    std::vector<Crossbar> crossbars_;
};

}  // namespace cim::isa
