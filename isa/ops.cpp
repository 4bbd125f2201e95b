#include "isa/ops.h"

namespace cim::isa {

namespace {

constexpr std::nullopt_t REQUIRED = std::nullopt;

std::vector<OpInfo> make_table() {
    std::vector<OpInfo> table;
#define F(field_name, field_kind, default_value)          \
    FieldInfo {                                           \
#field_name, FieldKind::field_kind, default_value \
    }
#define CIM_MOP(id, text, engine, mode, timing, doc, ...) \
    table.push_back(OpInfo{Opcode::id, text, Engine::engine, Mode::mode, Timing::timing, doc, {__VA_ARGS__}});
#include "isa/ops.def"
#undef CIM_MOP
#undef F
    return table;
}

template <typename Value>
std::optional<Value> value_named(std::string_view text, std::initializer_list<Value> values) {
    for (const Value value : values) {
        if (to_string(value) == text) {
            return value;
        }
    }
    return std::nullopt;
}

}  // namespace

int OpInfo::field(std::string_view name) const {
    for (std::size_t i = 0; i < fields.size(); ++i) {
        if (fields[i].name == name) {
            return static_cast<int>(i);
        }
    }
    return -1;
}

const std::vector<OpInfo>& op_table() {
    static const std::vector<OpInfo> table = make_table();
    return table;
}

const OpInfo& op_info(Opcode opcode) {
    return op_table()[static_cast<std::size_t>(opcode)];
}

const OpInfo* find_op(std::string_view text) {
    for (const OpInfo& info : op_table()) {
        if (info.text == text) {
            return &info;
        }
    }
    return nullptr;
}

std::string_view to_string(Mode mode) {
    switch (mode) {
        case Mode::CM: return "CM";
        case Mode::XBM: return "XBM";
        case Mode::WLM: return "WLM";
    }
    return "?";
}

std::string_view to_string(Level level) {
    switch (level) {
        case Level::None: return "none";
        case Level::Cg: return "cg";
        case Level::Mvm: return "mvm";
        case Level::Vvm: return "vvm";
    }
    return "?";
}

std::string_view to_string(Engine engine) {
    switch (engine) {
        case Engine::Move: return "move";
        case Engine::Crossbar: return "crossbar";
        case Engine::Alu: return "alu";
    }
    return "?";
}

std::string_view to_string(FieldKind kind) {
    switch (kind) {
        case FieldKind::Int: return "number";
        case FieldKind::Local: return "local address";
        case FieldKind::Remote: return "remote L1 address";
        case FieldKind::L0: return "L0 address";
        case FieldKind::Ext: return "external address";
        case FieldKind::Core: return "core";
        case FieldKind::Xb: return "crossbar";
        case FieldKind::Weight: return "weight";
        case FieldKind::Param: return "param";
        case FieldKind::Slice: return "slice";
    }
    return "?";
}

std::optional<Mode> mode_from(std::string_view text) {
    return value_named(text, {Mode::CM, Mode::XBM, Mode::WLM});
}

std::optional<Level> level_from(std::string_view text) {
    return value_named(text, {Level::None, Level::Cg, Level::Mvm, Level::Vvm});
}

std::optional<Engine> engine_from(std::string_view text) {
    return value_named(text, {Engine::Move, Engine::Crossbar, Engine::Alu});
}

}  // namespace cim::isa
