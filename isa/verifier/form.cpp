// Rules form, names, arity: what makes a program safe to print, encode and resolve.

#include <algorithm>
#include <cmath>
#include <unordered_set>

#include <fmt/format.h>

#include "isa/bounds.h"
#include "isa/names.h"
#include "isa/verifier/verify.h"

namespace cim::isa {

namespace {

template <typename Table>
bool in_table(std::int64_t index, const Table& table) {
    return index >= 0 && index < static_cast<std::int64_t>(table.size());
}

/// Checks one template.
class BodyForm {
  public:
    BodyForm(const Template& body, Findings& findings) : body_(body), findings_(findings), seen_(body.stmts.size(), 0) {}

    void run() {
        for (const std::string& param : body_.params) {
            local_name(param);
        }
        if (!expressions()) {
            return;
        }
        statements(body_.body, 0);
        const auto lost = std::find(seen_.begin(), seen_.end(), 0);
        if (lost != seen_.end() && findings_.empty()) {
            fail(fmt::format("statement {} is part of no block", lost - seen_.begin()), 0);
        }
    }

  private:
    void fail(const std::string& what, int line) {
        const std::string at = line > 0 ? fmt::format(", line {}", line) : "";
        findings_.add("form", fmt::format("template '{}'{}: {}", body_.name, at, what));
        failed_ = true;
    }

    void local_name(const std::string& name) {
        if (!is_name(name) || is_reserved(name)) {
            findings_.add("names", fmt::format("template '{}': '{}' cannot be the name of a parameter or loop variable", body_.name, name));
        }
        if (std::find(scope_.begin(), scope_.end(), name) != scope_.end()) {
            findings_.add("names", fmt::format("template '{}': '{}' names two parameters or loop variables at once", body_.name, name));
        }
        scope_.push_back(name);
    }

    bool expressions() {
        nodes_.reserve(body_.exprs.size());
        for (std::size_t i = 0; i < body_.exprs.size(); ++i) {
            if (!node(body_.exprs[i], static_cast<Index>(i))) {
                fail(fmt::format("expression node {} is malformed", i), 0);
                return false;
            }
        }
        return true;
    }

    bool node(const ExprNode& n, Index at) {
        Measure m;
        switch (n.op) {
            case ExprOp::Const:
            case ExprOp::Batch: break;
            case ExprOp::Param:
                if (!in_table(n.value, body_.params)) {
                    return false;
                }
                break;
            case ExprOp::Var:
                if (n.value < 0 || n.value >= max_loop_depth) {
                    return false;
                }
                m.deepest_variable = static_cast<int>(n.value);
                break;
            default:
                if (n.op > ExprOp::Max || n.value != 0 || n.lhs < 0 || n.lhs >= at || n.rhs < 0 || n.rhs >= at) {
                    return false;
                }
                for (const Index side : {n.lhs, n.rhs}) {
                    const Measure& s = nodes_[static_cast<std::size_t>(side)];
                    m.depth = std::max(m.depth, s.depth + 1);
                    m.size = std::min(m.size + s.size, max_expr_size + 1);
                    m.deepest_variable = std::max(m.deepest_variable, s.deepest_variable);
                    m.divides_by_variable = m.divides_by_variable || s.divides_by_variable;
                }
                if ((n.op == ExprOp::Div || n.op == ExprOp::Mod) && nodes_[static_cast<std::size_t>(n.rhs)].deepest_variable >= 0) {
                    m.divides_by_variable = true;
                }
                nodes_.push_back(m);
                return true;
        }
        nodes_.push_back(m);
        return n.lhs == -1 && n.rhs == -1 && (n.op != ExprOp::Batch || n.value == 0);
    }

    void statements(const std::vector<Index>& list, int depth) {
        for (const Index index : list) {
            if (failed_) {
                return;
            }
            if (!in_table(index, body_.stmts)) {
                fail(fmt::format("a block names statement {}, which does not exist", index), 0);
            } else if (seen_[static_cast<std::size_t>(index)]++ != 0) {
                fail(fmt::format("statement {} is part of two blocks", index), 0);
            } else {
                statement(body_.stmts[static_cast<std::size_t>(index)], depth);
            }
        }
    }

    void statement(const Stmt& stmt, int depth) {
        std::size_t wanted = 0;
        switch (stmt.kind) {
            case StmtKind::For: wanted = 2; break;
            case StmtKind::Await: wanted = 4; break;
            case StmtKind::Signal: wanted = 3; break;
            case StmtKind::Parallel: break;
            case StmtKind::Op:
                if (static_cast<std::size_t>(stmt.opcode) >= op_table().size()) {
                    fail("an operator that does not exist", stmt.line);
                    return;
                }
                wanted = op_info(stmt.opcode).fields.size() + (stmt.signals ? 3 : 0);
                if (stmt.signals && op_info(stmt.opcode).timing == Timing::Sync) {
                    fail(fmt::format("{} is synchronous and cannot signal", op_info(stmt.opcode).text), stmt.line);
                }
                break;
            default: fail("a statement of unknown kind", stmt.line); return;
        }
        if (stmt.exprs.size() != wanted) {
            fail(fmt::format("a statement with {} expressions in place of {}", stmt.exprs.size(), wanted), stmt.line);
            return;
        }
        for (const ExprRef ref : stmt.exprs) {
            expression(ref, depth, stmt.line);
        }
        block(stmt, depth);
    }

    void block(const Stmt& stmt, int depth) {
        if (stmt.kind == StmtKind::For) {
            if (depth == max_loop_depth) {
                fail(fmt::format("more than {} loops in one another", max_loop_depth), stmt.line);
                return;
            }
            local_name(stmt.variable);
            statements(stmt.body, depth + 1);
            scope_.pop_back();
            return;
        }
        if (stmt.kind == StmtKind::Parallel) {
            for (const Index inner : stmt.body) {
                if (in_table(inner, body_.stmts) && body_.stmts[static_cast<std::size_t>(inner)].kind != StmtKind::Op) {
                    fail("a parallel block holds something other than operators", stmt.line);
                    return;
                }
            }
            statements(stmt.body, depth);
        } else if (!stmt.body.empty()) {
            fail("a statement that is no block has a body", stmt.line);
        }
        if (!stmt.variable.empty()) {
            fail("a statement that is no loop has a loop variable", stmt.line);
        }
        if (stmt.kind != StmtKind::Op && stmt.signals) {
            fail("a statement that is no operator is marked as signalling at completion", stmt.line);
        }
    }

    void expression(ExprRef ref, int depth, int line) {
        if (!in_table(ref, nodes_)) {
            fail(fmt::format("a reference to expression {}, which does not exist", ref), line);
            return;
        }
        const Measure& m = nodes_[static_cast<std::size_t>(ref)];
        if (m.deepest_variable >= depth) {
            fail("an expression uses the variable of a loop that is not around it", line);
        }
        if (m.depth > max_expr_depth || m.size > max_expr_size) {
            fail(fmt::format("an expression of more than {} nested operators or {} values", max_expr_depth, max_expr_size), line);
        }
        if (m.divides_by_variable) {
            fail("div or mod by something with a loop variable in it", line);
        }
    }

    struct Measure {
        int depth = 0;
        std::int64_t size = 1;
        int deepest_variable = -1;
        bool divides_by_variable = false;
    };

    const Template& body_;
    Findings& findings_;
    std::vector<int> seen_;
    std::vector<Measure> nodes_;
    std::vector<std::string> scope_;
    bool failed_ = false;
};

class Form {
  public:
    Form(const Program& program, std::size_t most) : program_(program), findings_(most) {}

    std::vector<Diagnostic> run() {
        head();
        tables();
        for (const Template& body : program_.templates) {
            name(body.name, "template");
            BodyForm(body, findings_).run();
        }
        for (const Flow& flow : program_.flows) {
            name(flow.name, "flow");
            check(flow);
        }
        return findings_.take();
    }

  private:
    void require(bool good, const std::string& thing, std::string_view what) {
        if (!good) {
            findings_.add("form", fmt::format("{}: {}", thing, what));
        }
    }

    void name(const std::string& text, std::string_view what) {
        if (!is_name(text)) {
            findings_.add("names", fmt::format("'{}' cannot be the name of a {}", printable(text), what));
        } else if (!names_.insert(text).second) {
            findings_.add("names", fmt::format("two things have the name '{}', one of them a {}", text, what));
        }
    }

    void title(const std::string& text, std::string_view what) {
        if (!is_title(text)) {
            findings_.add("names", fmt::format("{} '{}': the name is not UTF-8 or has control characters", what, printable(text)));
        }
    }

    void head() {
        const std::string& hash = program_.machine_hash;
        const bool plain = std::all_of(hash.begin(), hash.end(),
                                       [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); });
        require(plain && !mode_from(hash), "program", "the machine's hash is letters and digits, and no computing mode");
        require(program_.mode <= Mode::WLM, "program", "unknown computing mode");
        require(!program_.level || *program_.level <= Level::Vvm, "program", "unknown level");
        require(!program_.power_limit_uw || (*program_.power_limit_uw > 0 && *program_.power_limit_uw <= max_power_uw), "program",
                fmt::format("the power limit is 1 to {} uW", max_power_uw));
        require(!program_.batch_limit || (*program_.batch_limit > 0 && *program_.batch_limit <= max_number), "program",
                fmt::format("a run has 1 to {} inputs", max_number));
        std::unordered_set<std::string> operators;
        title(program_.name, "program");
        for (const Operator& op : program_.operators) {
            title(op.name, "operator");
            title(op.type, "operator type");
            if (!operators.insert(op.name).second) {
                findings_.add("names", fmt::format("two operators have the name '{}'", printable(op.name)));
            }
        }
        for (const auto* list : {&program_.inputs, &program_.outputs, &program_.spills}) {
            for (const Tensor& tensor : *list) {
                const std::string thing = fmt::format("tensor '{}'", printable(tensor.name));
                title(tensor.name, "tensor");
                constexpr std::int64_t most = 999'999'999'999'999;
                require(!tensor.shape.empty() &&
                            std::all_of(tensor.shape.begin(), tensor.shape.end(), [](std::int64_t dim) { return dim >= 0 && dim <= most; }),
                        thing, "a shape needs one dimension at least, none of them negative");
                require(std::isfinite(tensor.scale), thing, "the scale is not finite");
                require(tensor.ext_offset >= 0 && tensor.size >= 0, thing, "address and size cannot be negative");
            }
        }
    }

    void tables() {
        for (const Buffer& buffer : program_.buffers) {
            name(buffer.name, "buffer");
            require(buffer.space <= Space::Ext && buffer.offset >= 0 && buffer.size >= 0 &&
                        (buffer.space == Space::L1) == (buffer.core >= 0) && buffer.core >= chip && buffer.segment >= whole_run &&
                        buffer.segment <= max_segment && buffer.later >= 0 && buffer.later <= max_segment - buffer.segment &&
                        (buffer.later == 0 || buffer.segment != whole_run),
                    fmt::format("buffer '{}'", buffer.name), "memory, core, offset, size or segment is impossible");
        }
        std::int64_t counters = 0;
        for (const CounterArray& array : program_.counters) {
            name(array.name, "counter");
            require(array.size >= 1 && array.size <= max_counters && array.place >= chip && array.role <= CounterRole::Space,
                    fmt::format("counter '{}'", array.name), "size, place or role is impossible");
            counters += std::max<std::int64_t>(array.size, 0);
        }
        require(counters <= max_counters, "counters", fmt::format("more than {} in all", max_counters));
        for (const Weight& weight : program_.weights) {
            name(weight.name, "weight");
            require(weight.rows >= 0 && weight.cols >= 0 && weight.bits >= 1 && weight.bits <= 16 && weight.ext_offset >= 0,
                    fmt::format("weight '{}'", weight.name), "rows, columns, bits (1 to 16) or address is impossible");
        }
        for (const Param& param : program_.params) {
            name(param.name, "param");
        }
        for (const Slice& slice : program_.slices) {
            name(slice.name, "slice");
            const std::string thing = fmt::format("slice '{}'", slice.name);
            require(!slice.requantises() || in_table(slice.param, program_.params), thing, "its param does not exist");
            require(slice.channel >= 0 && slice.channels >= 0, thing, "a negative channel or number of channels");
            for (const SliceTile& tile : slice.tiles) {
                require(in_table(tile.weight, program_.weights), thing, "the weight of a tile does not exist");
                require(tile.xb >= 0 && tile.row >= 0 && tile.col >= 0, thing, "a tile with negative crossbar, row or column");
            }
        }
    }

    void check(const Flow& flow) {
        const std::string thing = fmt::format("flow '{}'", flow.name);
        require(in_table(flow.op, program_.operators), thing, "its operator does not exist");
        require(flow.place >= chip && flow.engine <= Engine::Alu, thing, "place or engine is impossible");
        if (!in_table(flow.body, program_.templates)) {
            require(false, thing, "its template does not exist");
            return;
        }
        const Template& body = program_.templates[static_cast<std::size_t>(flow.body)];
        require(flow.segment >= setup && flow.segment <= max_segment, thing, "the segment is impossible");
        if (flow.args.size() != body.params.size()) {
            findings_.add("arity", fmt::format("{}: template '{}' takes {} arguments, here are {}", thing, body.name, body.params.size(),
                                               flow.args.size()));
        }
        for (const Arg& arg : flow.args) {
            require(exists(arg), thing, fmt::format("an argument names entry {} of a table that has none such", arg.value));
        }
    }

    bool exists(const Arg& arg) const {
        switch (arg.kind) {
            case ArgKind::Int: return true;
            case ArgKind::Buffer: return in_table(arg.value, program_.buffers);
            case ArgKind::Counter: return in_table(arg.value, program_.counters);
            case ArgKind::Weight: return in_table(arg.value, program_.weights);
            case ArgKind::Param: return in_table(arg.value, program_.params);
            case ArgKind::Slice: return in_table(arg.value, program_.slices);
        }
        return false;
    }

    const Program& program_;
    Findings findings_;
    std::unordered_set<std::string> names_;
};

}  // namespace

std::vector<Diagnostic> verify_form(const Program& program, std::size_t most_findings) {
    return Form(program, most_findings).run();
}

}  // namespace cim::isa
