#pragma once
// Flows made ready to run: each template once, as a flat list of instructions on values, and for each flow the values.
// Verifier, predictor and platform all walk flows through FlowRun, so that they cannot disagree on what a program says.

#include <array>
#include <cstdint>
#include <memory>
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

/// In FieldValue: the signal, not a field.
inline constexpr std::uint8_t signal_field = 255;

/// One execution of an operator with its fields evaluated.
struct alignas(64) OpInstance {  // what everybody asks for, and the first fields, in one line of the cache
    Opcode opcode = Opcode::Fill;
    Index signal = -1;  ///< counter that its completion signals, or -1 if none
    Index base = -1;    ///< first counter of the array that `signal` was said to be in
    std::int64_t amount = 0;
    int line = 0;
    std::array<std::int64_t, max_fields> values{};

    std::int64_t operator[](int position) const { return values[static_cast<std::size_t>(position)]; }
};

/// A place in a flow's array of values: what its arguments make constant, loop variables, and the expressions that depend on them, each
/// kept up to date by the loops that change it.
using Slot = std::int32_t;

/// A turn of a loop adds to the value of an expression that is linear in its variable.
struct LinearUpdate {
    Slot slot = 0;
    Slot step = 0;  ///< for each 1 that the variable grows
};

/// A turn of a loop computes an expression anew, after the linear ones.
struct TreeUpdate {
    ExprOp op = ExprOp::Add;
    Slot slot = 0;
    Slot lhs = 0;
    Slot rhs = 0;
};

struct Loop {
    Slot variable = 0;
    Slot begin = 0;
    Slot end = 0;
    Index first_linear = 0;
    Index linear_count = 0;
    Index first_tree = 0;
    Index tree_count = 0;
};

struct Instruction {
    enum class Kind : std::uint8_t { LoopBegin, LoopEnd, Await, Signal, Ops, End };  // those of loops first
    Kind kind = Kind::End;
    bool vary = false;  ///< Ops: some operator has a field that a loop variable changes
    int line = 0;
    Index first = 0;   ///< Ops: first entry in ResolvedTemplate::ops; loops: entry in ResolvedTemplate::loops
    Index count = 0;   ///< Ops: how many start together
    Index target = 0;  ///< LoopBegin: the instruction after LoopEnd; LoopEnd: the one after LoopBegin
    Slot base = 0;     ///< Await, Signal: first counter of the array, which no loop variable changes
    Slot counter = 0;  ///< Await, Signal: the first counter
    Slot length = 0;   ///< Await: how many
    Slot value = 0;    ///< Await, Signal
};

/// A field of an operator, and the value that it takes.
struct FieldValue {
    std::uint8_t field = 0;  ///< position, or `signal_field`
    Slot slot = 0;           ///< of the signal the counter
    Slot amount = 0;         ///< of the signal
};

struct ResolvedOp {
    Index first_varying = 0;  ///< in ResolvedTemplate::varying
    Index varying_count = 0;
    bool moves_only = true;  ///< loop variables change where it reads and writes, but not how much or what
    bool signals = false;
};

/// A template made ready to run, as a flat list of instructions on values.
struct ResolvedTemplate {
    std::vector<Instruction> code;
    std::vector<Loop> loops;
    std::vector<LinearUpdate> linear;
    std::vector<TreeUpdate> trees;
    std::vector<ResolvedOp> ops;
    std::vector<FieldValue> varying;
};

/// A flow: its template with the arguments put in.
struct ResolvedFlow {
    Index id = 0;  ///< index into Program::flows
    std::shared_ptr<const ResolvedTemplate> body;
    std::vector<std::int64_t> values;  ///< before the first step
    std::vector<OpInstance> ops;       ///< with the fields that no loop variable changes

    std::int64_t value(Slot slot) const { return values[static_cast<std::size_t>(slot)]; }
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
    /// Of the last step, an Await or Signal: first counter of the array that was named.
    Index base() const;
    /// From now on loops may turn `turns` times in all (at first: without bound), so that loops around nothing end.
    void allow_turns(std::int64_t turns) { turns_ = turns; }
    std::int64_t turns_left() const { return turns_; }

  private:
    void spend();
    std::int64_t& value(Slot slot) { return values_[static_cast<std::size_t>(slot)]; }
    /// The variable of `loop` grows by `step`.
    void turn(const Loop& loop, std::int64_t step);
    [[gnu::noinline]] void fill_in(const Instruction& instruction);
    /// Goes on to the next instruction that is not one of a loop. Not inline: next() then keeps little on the stack.
    [[gnu::noinline]] void pass_loops();

    const ResolvedTemplate* body_;
    const Instruction* at_;
    std::unique_ptr<std::int64_t[]> values_;
    const OpInstance* ops_;
    std::unique_ptr<OpInstance[]> own_ops_;  ///< if some field of the flow's operators varies
    std::int64_t turns_ = INT64_MAX;
    Step step_;
};

}  // namespace cim::isa
