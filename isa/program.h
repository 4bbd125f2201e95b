#pragma once
// A compiled program as data: tables (operators, buffers, counters, weights, parameters) and flows, each an instance of a template.
// docs/adr/0001-execution-model.md says how it runs. Text and binary forms: isa/text, isa/binary.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "isa/ops.h"

namespace cim::isa {

using Index = std::int32_t;

// ---- expressions ------------------------------------------------------------------------------------------------------------

enum class ExprOp : std::uint8_t {
    Const,  ///< value
    Param,  ///< template parameter number `value`
    Var,    ///< loop variable number `value` (depth of its loop, outermost 0)
    Batch,  ///< number of inputs of the run
    Add,
    Sub,
    Mul,
    Div,  ///< floor division; the divisor holds no loop variable
    Mod,  ///< floor modulus, result in [0, divisor); the divisor holds no loop variable
    Min,
    Max,
};

/// Node of an expression tree in the pool of its template; lhs and rhs are positions before the node itself.
struct ExprNode {
    ExprOp op = ExprOp::Const;
    std::int64_t value = 0;
    Index lhs = -1;
    Index rhs = -1;
    friend bool operator==(const ExprNode& a, const ExprNode& b) {
        return a.op == b.op && a.value == b.value && a.lhs == b.lhs && a.rhs == b.rhs;
    }
};
/// Position of an expression's root in Template::exprs.
using ExprRef = Index;

// ---- templates ------------------------------------------------------------------------------------------------------------------

enum class StmtKind : std::uint8_t { For, Await, Signal, Op, Parallel };

/// One statement. Bodies are positions in Template::stmts, so that a template is four flat arrays.
struct Stmt {
    StmtKind kind = StmtKind::Op;
    Opcode opcode = Opcode::Fill;  ///< Op
    /// For: begin, end. Await: counter, index, count of counters, value. Signal: counter, index, amount.
    /// Op: the fields in table order, defaults included, then for an async operator that signals: counter, index, amount.
    std::vector<ExprRef> exprs;
    std::vector<Index> body;  ///< For, Parallel: statements inside
    bool signals = false;     ///< Op: ends with "=> counter[index] += amount"
    std::string variable;     ///< For: name of the loop variable
    int line = 0;             ///< where it stands in the text, 0 if it never was text; no part of equality
};

struct Template {
    std::string name;
    std::vector<std::string> params;
    std::vector<ExprNode> exprs;
    std::vector<Stmt> stmts;
    std::vector<Index> body;  ///< top-level statements
};

// ---- tables -----------------------------------------------------------------------------------------------------------------

inline constexpr Index chip = -1;  ///< as a place: the chip controller, whose local memory is L0

enum class Space : std::uint8_t { L1, L0, Ext };

inline constexpr Index no_param = -1;  ///< as the param of a slice: it gives sums

inline constexpr Index setup = -1;      ///< as a segment of a flow: before the run, all weights of which stay where they are
inline constexpr Index whole_run = -1;  ///< as a segment of a buffer

/// A named region of one memory. Every access of a program lies inside one buffer, and no two buffers that are alive in one segment
/// overlap.
struct Buffer {
    std::string name;
    Space space = Space::L1;
    Index core = chip;  ///< L1: whose
    std::int64_t offset = 0;
    std::int64_t size = 0;
    Index segment = whole_run;  ///< in which it is alive
    Index later = 0;            ///< so many of those that follow in which it is, too
    friend bool operator==(const Buffer& a, const Buffer& b) {
        return a.name == b.name && a.space == b.space && a.core == b.core && a.offset == b.offset && a.size == b.size &&
               a.segment == b.segment && a.later == b.later;
    }
    /// Last segment in which it is alive, if it is not for the whole run.
    Index last_segment() const { return segment + later; }
};

/// What a wait on a counter means, for the report: the producer has not come so far, or the consumer has not freed the space.
enum class CounterRole : std::uint8_t { Data, Space };

/// An array of monotone counters, all zero at the start. Each element is signalled by one flow only.
struct CounterArray {
    std::string name;
    Index size = 1;
    Index place = chip;  ///< core (or chip) where it is kept: a signal from elsewhere takes chip.sync_latency to be seen
    CounterRole role = CounterRole::Data;
    friend bool operator==(const CounterArray& a, const CounterArray& b) {
        return a.name == b.name && a.size == b.size && a.place == b.place && a.role == b.role;
    }
};

/// A matrix tile for one crossbar: rows x cols signed integers of `bits` bits, row-major.
struct Weight {
    std::string name;
    Index rows = 0;
    Index cols = 0;
    Index bits = 8;
    std::int64_t ext_offset = 0;       ///< where its image lies in external memory (rows*cols*ceil(bits/8) bytes)
    std::vector<std::int16_t> values;  ///< rows*cols; kept in the data file of a text program
    friend bool operator==(const Weight& a, const Weight& b) {
        return a.name == b.name && a.rows == b.rows && a.cols == b.cols && a.bits == b.bits && a.ext_offset == b.ext_offset &&
               a.values == b.values;
    }
};

/// Constants of DCOM operators; zero, lo and hi are the output's. docs/numbers.md has the formulas.
/// Requant: bias and scale per channel:  clamp(round_half_even((sum + bias) * scale) + zero, lo, hi);
///          where sum + bias < 0 with negative_scale, if there is one, in place of scale.
/// Average: bias = {zero in}, scale = {in / out}.
/// Add:     scale = {a, b, out}, bias = {zero a, zero b}.
/// Mul:     scale = {a * b / out}, bias = {zero a, zero b}.
/// PRelu:   bias = {zero in}, scale and negative_scale per channel.
/// Softmax: scale = {in, out}, bias = {zero in}; lo and hi are not used.
/// Lut:     bias = 256 entries; nothing else is used.
struct Param {
    std::string name;
    std::vector<std::int32_t> bias;     ///< kept in the data file of a text program
    std::vector<float> scale;           ///< likewise
    std::vector<float> negative_scale;  ///< likewise; empty, or as many as scale
    std::int32_t zero = 0;
    std::int32_t lo = 0;
    std::int32_t hi = 255;
    friend bool operator==(const Param& a, const Param& b) {
        return a.name == b.name && a.bias == b.bias && a.scale == b.scale && a.negative_scale == b.negative_scale && a.zero == b.zero &&
               a.lo == b.lo && a.hi == b.hi;
    }
};

/// CM: the part of an operator that one core holds. The tiles' sums over the same columns are added, then requantised; without a param they
/// are the result, int32.
struct SliceTile {
    Index xb = 0;
    Index weight = 0;
    Index row = 0;  ///< first element of the window that this tile takes
    Index col = 0;  ///< first channel of the slice that it gives
    friend bool operator==(const SliceTile& a, const SliceTile& b) {
        return a.xb == b.xb && a.weight == b.weight && a.row == b.row && a.col == b.col;
    }
};
struct Slice {
    std::string name;
    Index param = no_param;
    Index channel = 0;  ///< first channel's constants in the param
    Index channels = 0;
    std::vector<SliceTile> tiles;

    bool requantises() const { return param != no_param; }
    /// Bytes of a position's results.
    std::int64_t result_bytes() const { return std::int64_t{channels} * (requantises() ? 1 : 4); }

    friend bool operator==(const Slice& a, const Slice& b) {
        return a.name == b.name && a.param == b.param && a.channel == b.channel && a.channels == b.channels && a.tiles == b.tiles;
    }
};

/// A network operator, for reports: flows name the one they belong to.
struct Operator {
    std::string name;
    std::string type;  ///< ONNX operator type, "+" joined when fused: "Conv+Relu"
    friend bool operator==(const Operator& a, const Operator& b) { return a.name == b.name && a.type == b.type; }
};

/// Input or output of the network, or what one segment leaves for another, in external memory: one uint8 tensor an image, rows x columns x
/// channels, images `size` bytes apart.
struct Tensor {
    std::string name;
    std::vector<std::int64_t> shape;  ///< of the ONNX network: 1xCxHxW or 1xN
    float scale = 1.0F;               ///< real = scale * (stored - zero)
    std::int32_t zero = 0;
    std::int64_t ext_offset = 0;
    std::int64_t size = 0;  ///< bytes an image
    friend bool operator==(const Tensor& a, const Tensor& b) {
        return a.name == b.name && a.shape == b.shape && a.scale == b.scale && a.zero == b.zero && a.ext_offset == b.ext_offset &&
               a.size == b.size;
    }
};

// ---- flows ----------------------------------------------------------------------------------------------------------------------

enum class ArgKind : std::uint8_t { Int, Buffer, Counter, Weight, Param, Slice };

/// Argument of a template. A symbol stands for: a buffer's offset, a counter array's first counter in the numbering of all counters,
/// an index into weights, params or slices.
struct Arg {
    ArgKind kind = ArgKind::Int;
    std::int64_t value = 0;  ///< the number, or the index into the table of that kind
    friend bool operator==(const Arg& a, const Arg& b) { return a.kind == b.kind && a.value == b.value; }
};

/// An instance of a template, bound to an engine of a place.
struct Flow {
    std::string name;
    Index op = 0;        ///< index into Program::operators
    Index place = chip;  ///< core or chip
    Engine engine = Engine::Move;
    Index segment = 0;  ///< runs when all flows of the segment before have ended; setup: before the run, its time is setup_cycles
    Index body = 0;     ///< index into Program::templates
    std::vector<Arg> args;
    int line = 0;
    friend bool operator==(const Flow& a, const Flow& b) {
        return a.name == b.name && a.op == b.op && a.place == b.place && a.engine == b.engine && a.segment == b.segment &&
               a.body == b.body && a.args == b.args;
    }
};

struct Program {
    std::string name;
    std::string machine;       ///< name of the hardware file
    std::string machine_hash;  ///< content hash of the resolved machine, hexadecimal
    Mode mode = Mode::XBM;
    std::optional<Level> level;                  ///< nothing: not written by a scheduler
    std::optional<std::int64_t> power_limit_uw;  ///< most that the chip may draw at any time, at rest included; nothing: no limit
    std::optional<std::int64_t> batch_limit;     ///< most inputs of a run, for which buffers have room; nothing: external memory says
    std::vector<Operator> operators;
    std::vector<Tensor> inputs;
    std::vector<Tensor> outputs;
    std::vector<Tensor> spills;  ///< between segments
    std::vector<Buffer> buffers;
    std::vector<CounterArray> counters;
    std::vector<Weight> weights;
    std::vector<Param> params;
    std::vector<Slice> slices;
    std::vector<Template> templates;
    std::vector<Flow> flows;

    /// Number of counters in all arrays.
    Index counter_count() const;
    /// First counter of array `array` in the numbering of all counters.
    Index counter_base(Index array) const;
    /// Segments of the run, 1 or more.
    Index segment_count() const;
    /// Whether crossbars are written in the run, not in the setup before it.
    bool rewrites() const;
    /// Flows of the setup, then of each segment.
    std::vector<std::vector<Index>> flows_by_segment() const;
    /// Value that an argument stands for.
    std::int64_t value_of(const Arg& arg) const;
};

bool operator==(const Stmt& a, const Stmt& b);
bool operator==(const Template& a, const Template& b);
bool operator==(const Program& a, const Program& b);

}  // namespace cim::isa
