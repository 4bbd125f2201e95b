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

/// In VaryingField: the signal, not a field.
inline constexpr std::uint8_t signal_varies = 255;

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

/// A place in a flow's array of values: constants, loop variables, and the expressions that depend on them, each kept up to date by the
/// loops that change it.
using Slot = std::int32_t;

/// A turn of a loop adds to the value of an expression that is linear in its variable.
struct LinearUpdate {
    Slot slot = 0;
    std::int64_t step = 0;  ///< for each 1 that the variable grows
};

/// A turn of a loop computes an expression anew, after the linear ones.
struct TreeUpdate {
    enum class Kind : std::uint8_t { Add, Sub, Mul, Min, Max, Div, Mod, Shift, Mask };
    Kind kind = Kind::Add;
    Slot slot = 0;
    Slot lhs = 0;
    Slot rhs = 0;  ///< Div, Mod: a constant of 1 or more; Shift, Mask (Div, Mod by a power of two): its logarithm, the power less one
};

struct Loop {
    Slot variable = 0;
    Slot begin = 0;
    Slot end = 0;
    Slot end_now = 0;  ///< `end` as it was when the loop began
    Index first_linear = 0;
    Index linear_count = 0;
    Index first_tree = 0;
    Index tree_count = 0;
};

struct Instruction {
    enum class Kind : std::uint8_t { LoopBegin, LoopEnd, Await, Signal, Ops, End };
    Kind kind = Kind::End;
    bool fixed = false;  ///< Await, Signal: no loop variable changes which counters
    bool vary = false;   ///< Ops: some operator has a field that a loop variable changes
    int line = 0;
    Index first = 0;    ///< Ops: first entry in ResolvedFlow::ops; loops: entry in ResolvedFlow::loops
    Index count = 0;    ///< Ops: how many start together. Await with fixed counters: how many
    Index target = 0;   ///< LoopBegin: the instruction after LoopEnd; LoopEnd: the one after LoopBegin
    Index base = 0;     ///< Await, Signal: first counter of the array
    Index counter = 0;  ///< Await, Signal with fixed counters: the first. Else slot of its index, and in `target` that of the count
    Slot value = 0;     ///< Await, Signal
};

struct VaryingField {
    std::uint8_t field = 0;  ///< position, or `signal_varies`
    Slot slot = 0;           ///< its value; of the signal the index
    Slot amount = 0;         ///< of the signal
};

struct ResolvedOp {
    Index first_varying = 0;  ///< in ResolvedFlow::varying
    Index varying_count = 0;
    bool moves_only = true;  ///< loop variables change where it reads and writes, but not how much or what
    bool signals = false;
};

struct ResolvedFlow {
    Index id = 0;  ///< index into Program::flows
    std::vector<Instruction> code;
    std::vector<Loop> loops;
    std::vector<LinearUpdate> linear;
    std::vector<TreeUpdate> trees;
    std::vector<std::int64_t> values;  ///< before the first step
    std::vector<OpInstance> ops;       ///< with the fields that no loop variable changes
    std::vector<ResolvedOp> op_traits;
    std::vector<VaryingField> varying;
};

/// How much of a program is wanted.
enum class Detail : std::uint8_t {
    Everything,
    Durations,  ///< all that time depends on: operators do not say where they read and write, except where a flush goes
};

/// Resolves flow `flow` for a run over `batch` inputs. Throws ProgramError for a divisor < 1.
ResolvedFlow resolve(const Program& program, Index flow, std::int64_t batch, Detail detail = Detail::Everything);
/// All flows of the program, in order.
std::vector<ResolvedFlow> resolve_all(const Program& program, std::int64_t batch, Detail detail = Detail::Everything);

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
    Index first_op = 0;  ///< Ops: entry of the first in ResolvedFlow::ops
};

/// Walks one flow. Data-independent: the sequence of steps depends on the program and the batch alone.
class FlowRun {
  public:
    explicit FlowRun(const ResolvedFlow& flow);
    FlowRun(FlowRun&&) = default;
    /// The next step; End for ever after the last. Throws RunTooLong past the allowed turns.
    const Step& next();
    /// From now on loops may turn `turns` times in all (at first: without bound), so that loops around nothing end.
    void allow_turns(std::int64_t turns) { turns_ = turns; }
    std::int64_t turns_left() const { return turns_; }

  private:
    void spend();
    std::int64_t& value(Slot slot) { return values_[static_cast<std::size_t>(slot)]; }
    /// The variable of `loop` grows by `step`.
    void turn(const Loop& loop, std::int64_t step);
    void fill_in(const Instruction& instruction);

    const ResolvedFlow* flow_;
    std::size_t at_ = 0;
    std::int64_t turns_ = INT64_MAX;
    std::vector<std::int64_t> values_;
    std::vector<OpInstance> own_ops_;  ///< if some field of the flow's operators varies
    const OpInstance* ops_ = nullptr;
    Step step_;
};

}  // namespace cim::isa
