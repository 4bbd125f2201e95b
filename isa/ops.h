#pragma once
// The meta-operators as data: what isa/ops.def says, for the parser, printer, codec, verifier, predictor and platform.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace cim::isa {

/// Computing mode (the paper's Abs-com), coarse to fine. A finer mode has every operator of the coarser ones.
enum class Mode : std::uint8_t { CM, XBM, WLM };

/// How a program came to be, for reports: with no optimisation, or scheduled at the grain of cores (CG), of matrix-vector multiplications
/// (MVM) or of groups of wordlines (VVM).
enum class Level : std::uint8_t { None, Cg, Mvm, Vvm };

/// Engine of a core or of the chip controller that issues an operator.
enum class Engine : std::uint8_t { Move, Crossbar, Alu };
inline constexpr int engine_count = 3;

/// Sync: the issuing flow continues at completion. Async: it continues once issued, completion is told by a counter.
enum class Timing : std::uint8_t { Sync, Async };

/// What a field's value denotes. Addresses are byte offsets into the memory named.
enum class FieldKind : std::uint8_t {
    Int,     ///< plain number
    Local,   ///< memory of the flow's own tier: the core's L1, or L0 for a chip flow
    Remote,  ///< L1 of the core in field `core`
    L0,      ///< chip buffer
    Ext,     ///< external memory
    Core,    ///< core index, row-major
    Xb,      ///< crossbar index in the flow's core, row-major
    Weight,  ///< index into Program::weights
    Param,   ///< index into Program::params
    Slice,   ///< index into Program::slices
};

struct FieldInfo {
    std::string_view name;
    FieldKind kind;
    std::optional<std::int64_t> default_value;  ///< none: the field is required
};

enum class Opcode : std::uint8_t {
#define CIM_MOP(id, text, engine, mode, timing, doc, ...) id,
#include "isa/ops.def"
#undef CIM_MOP
};

struct OpInfo {
    Opcode opcode;
    std::string_view text;
    Engine engine;
    Mode mode;
    Timing timing;
    std::string_view doc;
    std::vector<FieldInfo> fields;

    /// Position of the field of that name, or -1.
    int field(std::string_view name) const;
};

/// What everybody asks of an operator all the time.
inline bool is_async(Opcode opcode) {
    constexpr Timing timings[] = {
#define CIM_MOP(id, text, engine, mode, timing, doc, ...) Timing::timing,
#include "isa/ops.def"
#undef CIM_MOP
    };
    return timings[static_cast<std::size_t>(opcode)] == Timing::Async;
}

/// All operators in the order of ops.def; op_info(o).opcode == o.
const std::vector<OpInfo>& op_table();
const OpInfo& op_info(Opcode opcode);
/// The operator with that text, or null.
const OpInfo* find_op(std::string_view text);

std::string_view to_string(Mode mode);
std::string_view to_string(Level level);
std::string_view to_string(Engine engine);
std::string_view to_string(FieldKind kind);
std::optional<Mode> mode_from(std::string_view text);
std::optional<Level> level_from(std::string_view text);
std::optional<Engine> engine_from(std::string_view text);

}  // namespace cim::isa
