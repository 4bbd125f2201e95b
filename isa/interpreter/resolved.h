#pragma once
// A flow made ready to run: its template with the arguments put in and constant expressions folded, as a flat list of instructions.
// Verifier, predictor and platform all walk flows through FlowRun, so that they cannot disagree on what a program says.

#include <array>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <vector>

#include "isa/program.h"

namespace cim::isa {

/// A program that cannot be run as written. what() names flow and line.
class ProgramError : public std::runtime_error {
  public:
    using std::runtime_error::runtime_error;
};

/// FlowRun came to the end of the turns that it was allowed.
class RunTooLong : public ProgramError {
  public:
    RunTooLong() : ProgramError("the program's loops turn more often than allowed") {}
};

/// Stands for a counter whose number no program can have: a negative one, or one past 31 bits.
inline constexpr Index no_counter = INT32_MAX;

/// Positions of fields by name: op[field::ReadXb::dst].
namespace field {
#define F(field_name, field_kind, default_value) field_name
#define CIM_MOP(id, text, engine, mode, timing, doc, ...) \
    struct id {                                           \
        enum : int { __VA_ARGS__, end };                  \
    };
#include "isa/ops.def"
#undef CIM_MOP
#undef F
}  // namespace field

inline constexpr int max_fields = 18;

/// One execution of an operator with its fields evaluated.
struct OpInstance {
    Opcode opcode = Opcode::Fill;
    Index signal = -1;  ///< counter that its completion signals, or -1 if none
    Index base = -1;    ///< first counter of the array that `signal` was said to be in
    std::int64_t amount = 0;
    int line = 0;
    std::array<std::int64_t, max_fields> values{};

    std::int64_t operator[](int position) const { return values[static_cast<std::size_t>(position)]; }
};

/// Expression with the flow's arguments in it: constant + sum of coefficient x loop variable, or a tree over such.
struct FoldedExpr {
    std::int64_t constant = 0;
    Index first_term = 0;  ///< into ResolvedFlow::terms
    Index terms = 0;
    Index tree = -1;  ///< into ResolvedFlow::nodes; if set, the rest is unused
};

struct LinearTerm {
    Index variable = 0;
    std::int64_t coefficient = 0;
};

struct FoldedNode {
    ExprOp op = ExprOp::Add;
    Index deepest = 0;       ///< innermost loop variable that it depends on
    std::int8_t shift = -1;  ///< Div, Mod by 2^shift; -1: by something else
    FoldedExpr lhs;
    FoldedExpr rhs;
};

struct Instruction {
    enum class Kind : std::uint8_t { LoopBegin, LoopEnd, Await, Signal, Ops, End };
    Kind kind = Kind::End;
    Index variable = 0;  ///< loops: depth
    Index target = 0;    ///< LoopBegin: the instruction after LoopEnd; LoopEnd: the one after LoopBegin
    Index first = 0;     ///< Await, Signal, loops: position of the first expression. Ops: first entry in ResolvedFlow::ops
    Index count = 0;     ///< Ops: how many start together. Await with fixed counters: how many
    Index base = 0;      ///< Await, Signal with fixed counters
    Index counter = 0;   ///< likewise
    int line = 0;
    bool fixed = false;         ///< Await, Signal: no loop variable changes which counters
    bool amounts_vary = false;  ///< Ops: some operator's what, how much or signal
};

struct ResolvedOp {
    Index first = 0;            ///< position of its first field's expression
    Index varying = 0;          ///< first of the other fields, in ResolvedFlow::varying: what and how much, the signal, then positions
    Index varying_amounts = 0;  ///< how many of them are no positions
    Index varying_count = 0;
    bool moves_only = true;  ///< loop variables change where it reads and writes, but not how much or what
    bool signals = false;
    OpInstance fixed;  ///< with the fields that no loop variable changes
};

struct ResolvedFlow {
    Index id = 0;  ///< index into Program::flows
    std::vector<Instruction> code;
    std::vector<FoldedExpr> exprs;
    std::vector<LinearTerm> terms;
    std::vector<FoldedNode> nodes;
    std::vector<ResolvedOp> ops;
    std::vector<std::uint8_t> varying;  ///< positions of fields; 255: the signal
    Index variables = 0;                ///< deepest nesting of loops
};

/// Resolves flow `flow` for a run over `batch` inputs. Throws ProgramError for a divisor < 1.
ResolvedFlow resolve(const Program& program, Index flow, std::int64_t batch);
/// All flows of the program, in order.
std::vector<ResolvedFlow> resolve_all(const Program& program, std::int64_t batch);

/// What a flow does next.
struct Step {
    enum class Kind : std::uint8_t { Await, Signal, Ops, End };
    Kind kind = Kind::End;
    Index base = 0;          ///< Await, Signal: first counter of the array that was named
    Index counter = 0;       ///< Await, Signal: first counter, in the numbering of all counters
    Index count = 1;         ///< Await: how many consecutive counters
    std::int64_t value = 0;  ///< Await: each must reach it. Signal: amount
    int line = 0;
    const OpInstance* ops = nullptr;  ///< Ops: `op_count` operators that start together; valid until the next step
    Index op_count = 0;
    Index first_op = 0;  ///< Ops: position of the first in ResolvedFlow::ops
};

/// Walks one flow. Data-independent: the sequence of steps depends on the program and the batch alone.
class FlowRun {
  public:
    explicit FlowRun(const ResolvedFlow& flow);
    /// The next step; End for ever after the last. Throws RunTooLong past the allowed turns.
    const Step& next();
    /// From now on loops may turn `turns` times in all (at first: without bound), so that loops around nothing end.
    void allow_turns(std::int64_t turns) { turns_ = turns; }
    /// From now on operators come without where they read and write (those fields keep some older value): all that time depends on, and
    /// much quicker.
    void leave_out_positions() { positions_ = false; }
    std::int64_t turns_left() const { return turns_; }

  private:
    void spend();
    void name_counters(const Instruction& instruction, const FoldedExpr* expr);
    std::int64_t evaluate(const FoldedExpr& expr) const;
    std::int64_t evaluate_tree(Index node) const;
    void evaluate_varying(const ResolvedOp& op, Index count, OpInstance& out) const;

    const ResolvedFlow* flow_;
    std::size_t at_ = 0;
    std::vector<std::int64_t> variables_;
    std::vector<std::int64_t> ends_;
    /// When each variable took its value, counted in assignments. A loop assigns its variable again whenever one outside turns, so a tree
    /// is still what it was if its innermost variable is.
    std::vector<std::int64_t> assigned_;
    std::int64_t assignments_ = 0;
    struct Known {
        std::int64_t value = 0;
        std::int64_t at = -1;  ///< assigned_ of the innermost variable then
    };
    mutable std::vector<Known> known_;  ///< by tree node
    std::vector<OpInstance> ops_;       ///< one for each of the flow's operators, fixed fields filled in
    std::int64_t turns_ = INT64_MAX;
    bool positions_ = true;
    Step step_;
};

}  // namespace cim::isa
