#include "isa/text/print.h"

#include <iterator>
#include <string_view>

#include "isa/binary/data.h"
#include "isa/text/put.h"

namespace cim::isa {

namespace {

void put_text(fmt::memory_buffer& out, std::string_view text) {
    out.append(text.data(), text.data() + text.size());
}

void put_number(fmt::memory_buffer& out, std::int64_t value) {
    const fmt::format_int digits(value);
    out.append(digits.data(), digits.data() + digits.size());
}

std::string_view symbol(ExprOp op) {
    switch (op) {
        case ExprOp::Add: return " + ";
        case ExprOp::Sub: return " - ";
        case ExprOp::Mul: return "*";
        case ExprOp::Div: return " div ";
        case ExprOp::Mod: return " mod ";
        default: return "";
    }
}

constexpr int sum_level = 1;
constexpr int product_level = 2;
constexpr int leaf_level = 3;

int level_of(ExprOp op) {
    switch (op) {
        case ExprOp::Add:
        case ExprOp::Sub: return sum_level;
        case ExprOp::Mul:
        case ExprOp::Div:
        case ExprOp::Mod: return product_level;
        default: return leaf_level;
    }
}

/// Prints one template.
class BodyPrinter {
  public:
    BodyPrinter(fmt::memory_buffer& out, const Template& body) : out_(out), body_(body) {}

    void run() {
        put(out_, "template {}(", body_.name);
        for (std::size_t i = 0; i < body_.params.size(); ++i) {
            put(out_, "{}{}", i == 0 ? "" : ", ", body_.params[i]);
        }
        put_text(out_, ") {\n");
        statements(body_.body);
        put_text(out_, "}\n");
    }

  private:
    void statements(const std::vector<Index>& list) {
        ++indent_;
        for (const Index index : list) {
            statement(body_.stmts[static_cast<std::size_t>(index)]);
        }
        --indent_;
    }

    void indent() {
        for (int i = 0; i < indent_; ++i) {
            put_text(out_, "  ");
        }
    }

    void statement(const Stmt& stmt) {
        indent();
        switch (stmt.kind) {
            case StmtKind::For:
                put(out_, "for {} in ", stmt.variable);
                expression(stmt.exprs[0]);
                put_text(out_, "..");
                expression(stmt.exprs[1]);
                put_text(out_, " {\n");
                variables_.push_back(stmt.variable);
                statements(stmt.body);
                variables_.pop_back();
                indent();
                put_text(out_, "}\n");
                return;
            case StmtKind::Await: await(stmt); return;
            case StmtKind::Signal:
                put_text(out_, "signal ");
                signal(stmt.exprs.data());
                put_text(out_, "\n");
                return;
            case StmtKind::Op: op(stmt); return;
            case StmtKind::Parallel:
                put_text(out_, "parallel {\n");
                statements(stmt.body);
                indent();
                put_text(out_, "}\n");
                return;
        }
    }

    void await(const Stmt& stmt) {
        put_text(out_, "await ");
        expression(stmt.exprs[0], leaf_level);
        put_text(out_, "[");
        expression(stmt.exprs[1]);
        if (!is_constant(stmt.exprs[2], 1)) {
            put_text(out_, ", ");
            expression(stmt.exprs[2]);
        }
        put_text(out_, "] >= ");
        expression(stmt.exprs[3]);
        put_text(out_, "\n");
    }

    void signal(const ExprRef* exprs) {
        expression(exprs[0], leaf_level);
        put_text(out_, "[");
        expression(exprs[1]);
        put_text(out_, "] += ");
        expression(exprs[2]);
    }

    void op(const Stmt& stmt) {
        const OpInfo& info = op_info(stmt.opcode);
        put_text(out_, info.text);
        for (std::size_t i = 0; i < info.fields.size(); ++i) {
            const FieldInfo& field = info.fields[i];
            if (field.default_value && is_constant(stmt.exprs[i], *field.default_value)) {
                continue;
            }
            put_text(out_, " ");
            put_text(out_, field.name);
            put_text(out_, "=");
            expression(stmt.exprs[i]);
        }
        if (stmt.signals) {
            put_text(out_, " => ");
            signal(stmt.exprs.data() + info.fields.size());
        }
        put_text(out_, "\n");
    }

    bool is_constant(ExprRef ref, std::int64_t value) const {
        const ExprNode& node = body_.exprs[static_cast<std::size_t>(ref)];
        return node.op == ExprOp::Const && node.value == value;
    }

    void expression(ExprRef ref, int least_level = 0) {
        const ExprNode& node = body_.exprs[static_cast<std::size_t>(ref)];
        switch (node.op) {
            case ExprOp::Const: put_number(out_, node.value); return;
            case ExprOp::Param: put_text(out_, body_.params[static_cast<std::size_t>(node.value)]); return;
            case ExprOp::Var: put_text(out_, variables_[static_cast<std::size_t>(node.value)]); return;
            case ExprOp::Batch: put_text(out_, "batch"); return;
            case ExprOp::Min:
            case ExprOp::Max:
                put_text(out_, node.op == ExprOp::Min ? "min(" : "max(");
                expression(node.lhs);
                put_text(out_, ", ");
                expression(node.rhs);
                put_text(out_, ")");
                return;
            default: break;
        }
        const int level = level_of(node.op);
        const bool bracket = level < least_level;
        if (bracket) {
            put_text(out_, "(");
        }
        expression(node.lhs, level);
        put_text(out_, symbol(node.op));
        expression(node.rhs, level + 1);
        if (bracket) {
            put_text(out_, ")");
        }
    }

    fmt::memory_buffer& out_;
    const Template& body_;
    std::vector<std::string_view> variables_;
    int indent_ = 0;
};

void print_tensor(fmt::memory_buffer& out, std::string_view kind, const Tensor& tensor) {
    put(out, "{} ", kind);
    print_quoted(out, tensor.name);
    put(out, " {} scale={:.9g} zero={} ext={} size={}\n", fmt::join(tensor.shape, "x"), tensor.scale, tensor.zero, tensor.ext_offset,
        tensor.size);
}

void print_tables(fmt::memory_buffer& out, const Program& program) {
    for (const Buffer& buffer : program.buffers) {
        put(out, "buffer {} ", buffer.name);
        switch (buffer.space) {
            case Space::L1: put(out, "l1[{}]", buffer.core); break;
            case Space::L0: put(out, "l0"); break;
            case Space::Ext: put(out, "ext"); break;
        }
        put(out, " {} {}", buffer.offset, buffer.size);
        if (buffer.segment != whole_run) {
            put(out, " segment {}", buffer.segment);
        }
        if (buffer.later > 0) {
            put(out, " to {}", buffer.last_segment());
        }
        put(out, "\n");
    }
    for (const CounterArray& array : program.counters) {
        put(out, "counter {}[{}] {} {}\n", array.name, array.size, place_text(array.place),
            array.role == CounterRole::Data ? "data" : "space");
    }
    for (const Weight& weight : program.weights) {
        put(out, "weight {} {}x{} bits={} ext={}\n", weight.name, weight.rows, weight.cols, weight.bits, weight.ext_offset);
    }
    for (const Param& param : program.params) {
        put(out, "param {} n={} zero={} lo={} hi={}\n", param.name, param.bias.size(), param.zero, param.lo, param.hi);
    }
    for (const Slice& slice : program.slices) {
        put(out, "slice {}", slice.name);
        if (slice.requantises()) {
            put(out, " param={}", program.params[static_cast<std::size_t>(slice.param)].name);
        }
        if (slice.channel != 0) {
            put(out, " channel={}", slice.channel);
        }
        put(out, " channels={}", slice.channels);
        for (const SliceTile& tile : slice.tiles) {
            put(out, " {{ xb={} weight={} row={} col={} }}", tile.xb, program.weights[static_cast<std::size_t>(tile.weight)].name, tile.row,
                tile.col);
        }
        put(out, "\n");
    }
}

void print_arg(fmt::memory_buffer& out, const Program& program, const Arg& arg) {
    const auto at = static_cast<std::size_t>(arg.value);
    switch (arg.kind) {
        case ArgKind::Int: put_number(out, arg.value); return;
        case ArgKind::Buffer: put(out, "@{}", program.buffers[at].name); return;
        case ArgKind::Counter: put(out, "@{}", program.counters[at].name); return;
        case ArgKind::Weight: put(out, "@{}", program.weights[at].name); return;
        case ArgKind::Param: put(out, "@{}", program.params[at].name); return;
        case ArgKind::Slice: put(out, "@{}", program.slices[at].name); return;
    }
}

void print_flow(fmt::memory_buffer& out, const Program& program, const Flow& flow) {
    put(out, "{}flow {} {} {} op={} {}(", segment_prefix(flow.segment), flow.name, place_text(flow.place), to_string(flow.engine), flow.op,
        program.templates[static_cast<std::size_t>(flow.body)].name);
    for (std::size_t i = 0; i < flow.args.size(); ++i) {
        put_text(out, i == 0 ? "" : ", ");
        print_arg(out, program, flow.args[i]);
    }
    put_text(out, ")\n");
}

}  // namespace

std::string segment_prefix(Index segment) {
    if (segment == setup) {
        return "setup ";
    }
    return segment == 0 ? "" : fmt::format("segment {} ", segment);
}

void print_quoted(fmt::memory_buffer& out, std::string_view text) {
    out.push_back('"');
    for (const char c : text) {
        if (c == '"' || c == '\\') {
            out.push_back('\\');
            out.push_back(c);
        } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) {
            put(out, "\\x{:02x}", static_cast<unsigned>(static_cast<unsigned char>(c)));
        } else {
            out.push_back(c);
        }
    }
    out.push_back('"');
}

std::string print_text(const Program& program, const DataRef& data) {
    fmt::memory_buffer out;
    put(out, "mop 1\nprogram ");
    print_quoted(out, program.name);
    put(out, "\nmachine ");
    print_quoted(out, program.machine);
    put(out, "{}{} {}\n", program.machine_hash.empty() ? "" : " ", program.machine_hash, to_string(program.mode));
    if (program.level) {
        put(out, "level {}\n", to_string(*program.level));
    }
    if (program.power_limit_uw) {
        put(out, "power_limit {} uW\n", *program.power_limit_uw);
    }
    if (program.batch_limit) {
        put(out, "batch_limit {}\n", *program.batch_limit);
    }
    if (!program.weights.empty() || !program.params.empty()) {
        put(out, "data ");
        print_quoted(out, data.name);
        put(out, " {}\n", data.hash);
    }
    for (const Operator& op : program.operators) {
        put(out, "operator ");
        print_quoted(out, op.name);
        put(out, " ");
        print_quoted(out, op.type);
        put(out, "\n");
    }
    for (const Tensor& tensor : program.inputs) {
        print_tensor(out, "input", tensor);
    }
    for (const Tensor& tensor : program.outputs) {
        print_tensor(out, "output", tensor);
    }
    for (const Tensor& tensor : program.spills) {
        print_tensor(out, "spill", tensor);
    }
    print_tables(out, program);
    for (const Template& body : program.templates) {
        BodyPrinter(out, body).run();
    }
    for (const Flow& flow : program.flows) {
        print_flow(out, program, flow);
    }
    return fmt::to_string(out);
}

std::string print_text(const Program& program) {
    return print_text(program, DataRef{program.name + ".data", content_hash(encode_data(program))});
}

void print_op(fmt::memory_buffer& out, const Program& program, const OpInstance& op) {
    const OpInfo& info = op_info(op.opcode);
    put_text(out, info.text);
    const auto value = [&](std::int64_t number, const auto& table) {
        if (number >= 0 && number < static_cast<std::int64_t>(table.size())) {
            put_text(out, table[static_cast<std::size_t>(number)].name);
        } else {
            put_number(out, number);
        }
    };
    for (std::size_t i = 0; i < info.fields.size(); ++i) {
        const FieldInfo& field = info.fields[i];
        if (field.default_value && *field.default_value == op.values[i]) {
            continue;
        }
        put_text(out, " ");
        put_text(out, field.name);
        put_text(out, "=");
        switch (field.kind) {
            case FieldKind::Weight: value(op.values[i], program.weights); break;
            case FieldKind::Param: value(op.values[i], program.params); break;
            case FieldKind::Slice: value(op.values[i], program.slices); break;
            default: put_number(out, op.values[i]); break;
        }
    }
}

std::string place_text(Index place) {
    return place == chip ? "chip" : fmt::format("core[{}]", place);
}

std::string op_text(const Program& program, const OpInstance& op) {
    fmt::memory_buffer out;
    print_op(out, program, op);
    return fmt::to_string(out);
}

std::string counter_text(const Program& program, std::int64_t counter) {
    std::int64_t base = 0;
    for (const CounterArray& array : program.counters) {
        if (counter >= base && counter < base + array.size) {
            return fmt::format("{}[{}]", array.name, counter - base);
        }
        base += array.size;
    }
    return fmt::format("counter {}", counter);
}

}  // namespace cim::isa
