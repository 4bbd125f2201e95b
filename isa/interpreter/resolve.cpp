#include <algorithm>
#include <optional>

#include <fmt/format.h>

#include "isa/interpreter/arithmetic.h"
#include "isa/interpreter/resolved.h"

namespace cim::isa {

namespace {

/// Whether a field says where bytes lie, and neither how many nor what is done with them.
bool is_position(const FieldInfo& field) {
    switch (field.kind) {
        case FieldKind::Local:
        case FieldKind::Remote:
        case FieldKind::L0:
        case FieldKind::Ext: return true;
        case FieldKind::Int: return field.name == "y" || field.name == "x";
        default: return false;
    }
}

/// Builds one ResolvedFlow.
class Resolver {
  public:
    Resolver(const Program& program, Index flow, const std::vector<Index>& counter_bases, std::int64_t batch)
        : flow_(program.flows[static_cast<std::size_t>(flow)]),
          body_(program.templates[static_cast<std::size_t>(flow_.body)]),
          batch_(batch) {
        out_.id = flow;
        for (const Arg& arg : flow_.args) {
            args_.push_back(arg.kind == ArgKind::Counter ? counter_bases[static_cast<std::size_t>(arg.value)] : program.value_of(arg));
        }
    }

    ResolvedFlow run() {
        emit(body_.body, 0);
        out_.code.push_back({});
        return std::move(out_);
    }

  private:
    void emit(const std::vector<Index>& statements, Index depth) {
        for (const Index index : statements) {
            emit(body_.stmts[static_cast<std::size_t>(index)], depth);
        }
    }

    void emit(const Stmt& stmt, Index depth) {
        line_ = stmt.line;
        Instruction instruction;
        instruction.line = stmt.line;
        switch (stmt.kind) {
            case StmtKind::For: {
                const auto begin = out_.code.size();
                instruction.kind = Instruction::Kind::LoopBegin;
                instruction.variable = depth;
                instruction.first = append(stmt.exprs);
                out_.variables = std::max(out_.variables, depth + 1);
                out_.code.push_back(instruction);
                emit(stmt.body, depth + 1);
                instruction.kind = Instruction::Kind::LoopEnd;
                instruction.target = static_cast<Index>(begin + 1);
                out_.code.push_back(instruction);
                out_.code[begin].target = static_cast<Index>(out_.code.size());
                return;
            }
            case StmtKind::Await:
            case StmtKind::Signal:
                instruction.kind = stmt.kind == StmtKind::Await ? Instruction::Kind::Await : Instruction::Kind::Signal;
                instruction.first = append(stmt.exprs);
                fix_counters(instruction);
                break;
            case StmtKind::Op:
                instruction.kind = Instruction::Kind::Ops;
                instruction.first = static_cast<Index>(out_.ops.size());
                instruction.count = 1;
                add_op(stmt);
                instruction.amounts_vary = out_.ops.back().varying_amounts > 0;
                break;
            case StmtKind::Parallel:
                instruction.kind = Instruction::Kind::Ops;
                instruction.first = static_cast<Index>(out_.ops.size());
                instruction.count = static_cast<Index>(stmt.body.size());
                for (const Index index : stmt.body) {
                    add_op(body_.stmts[static_cast<std::size_t>(index)]);
                    instruction.amounts_vary = instruction.amounts_vary || out_.ops.back().varying_amounts > 0;
                }
                break;
        }
        out_.code.push_back(instruction);
    }

    void fix_counters(Instruction& instruction) {
        const FoldedExpr* exprs = out_.exprs.data() + instruction.first;
        const bool await = instruction.kind == Instruction::Kind::Await;
        instruction.fixed = is_constant(exprs[0]) && is_constant(exprs[1]) && (!await || is_constant(exprs[2]));
        if (instruction.fixed) {
            instruction.base = counter_number(exprs[0].constant, 0);
            instruction.counter = counter_number(exprs[0].constant, exprs[1].constant);
            instruction.count = await ? counter_count(exprs[2].constant) : 1;
        }
    }

    void add_op(const Stmt& stmt) {
        ResolvedOp op;
        op.signals = stmt.signals;
        op.first = append(stmt.exprs);
        op.varying = static_cast<Index>(out_.varying.size());
        op.fixed.opcode = stmt.opcode;
        op.fixed.line = stmt.line;
        const FoldedExpr* exprs = out_.exprs.data() + op.first;
        const std::size_t fields = op_info(stmt.opcode).fields.size();
        std::vector<std::uint8_t> positions;
        for (std::size_t i = 0; i < fields; ++i) {
            op.fixed.values[i] = exprs[i].constant;
            if (is_constant(exprs[i])) {
                continue;
            }
            const bool position = is_position(op_info(stmt.opcode).fields[i]);
            op.moves_only = op.moves_only && position;
            (position ? positions : out_.varying).push_back(static_cast<std::uint8_t>(i));
        }
        if (stmt.signals) {
            const FoldedExpr* signal = exprs + fields;
            set_signal(op.fixed, signal[0].constant, signal[1].constant, signal[2].constant);
            if (!is_constant(signal[0]) || !is_constant(signal[1]) || !is_constant(signal[2])) {
                out_.varying.push_back(signal_varies);
            }
        }
        op.varying_amounts = static_cast<Index>(out_.varying.size()) - op.varying;
        out_.varying.insert(out_.varying.end(), positions.begin(), positions.end());
        op.varying_count = static_cast<Index>(out_.varying.size()) - op.varying;
        out_.ops.push_back(op);
    }

    Index append(const std::vector<ExprRef>& refs) {
        std::vector<FoldedExpr> folded;
        folded.reserve(refs.size());
        for (const ExprRef ref : refs) {
            folded.push_back(fold(ref));
        }
        const auto first = static_cast<Index>(out_.exprs.size());
        out_.exprs.insert(out_.exprs.end(), folded.begin(), folded.end());
        return first;
    }

    static bool is_constant(const FoldedExpr& e) { return e.tree < 0 && e.terms == 0; }
    static bool is_linear(const FoldedExpr& e) { return e.tree < 0; }

    /// Folds an expression. One that stands in several places is one tree, so that a step evaluates it once.
    FoldedExpr fold(ExprRef ref) {
        const auto at = static_cast<std::size_t>(ref);
        if (folded_.empty()) {
            folded_.resize(body_.exprs.size());
        }
        if (!folded_[at]) {
            const FoldedExpr result = fold_new(ref);
            folded_[at] = result;
        }
        return *folded_[at];
    }

    FoldedExpr fold_new(ExprRef ref) {
        const ExprNode& node = body_.exprs[static_cast<std::size_t>(ref)];
        FoldedExpr result;
        switch (node.op) {
            case ExprOp::Const: result.constant = node.value; return result;
            case ExprOp::Param: result.constant = args_[static_cast<std::size_t>(node.value)]; return result;
            case ExprOp::Batch: result.constant = batch_; return result;
            case ExprOp::Var:
                result.first_term = static_cast<Index>(out_.terms.size());
                result.terms = 1;
                out_.terms.push_back({static_cast<Index>(node.value), 1});
                return result;
            default: break;
        }
        const FoldedExpr lhs = fold(node.lhs);
        const FoldedExpr rhs = fold(node.rhs);
        if (node.op == ExprOp::Div || node.op == ExprOp::Mod) {
            if (!is_constant(rhs) || rhs.constant < 1) {
                throw ProgramError(fmt::format("flow '{}', line {}: {} by {}; the divisor must be a constant of 1 or more", flow_.name,
                                               line_, node.op == ExprOp::Div ? "div" : "mod",
                                               is_constant(rhs) ? std::to_string(rhs.constant) : "a loop variable"));
            }
        }
        if (is_constant(lhs) && is_constant(rhs)) {
            result.constant = fold_constants(node.op, lhs.constant, rhs.constant);
            return result;
        }
        if ((node.op == ExprOp::Add || node.op == ExprOp::Sub) && is_linear(lhs) && is_linear(rhs)) {
            return combine(lhs, rhs, node.op == ExprOp::Add ? 1 : -1);
        }
        if (node.op == ExprOp::Mul && is_constant(rhs) && is_linear(lhs)) {
            return combine({}, lhs, rhs.constant);
        }
        if (node.op == ExprOp::Mul && is_constant(lhs) && is_linear(rhs)) {
            return combine({}, rhs, lhs.constant);
        }
        result.tree = static_cast<Index>(out_.nodes.size());
        std::int8_t shift = -1;
        if ((node.op == ExprOp::Div || node.op == ExprOp::Mod) && (rhs.constant & (rhs.constant - 1)) == 0) {
            shift = static_cast<std::int8_t>(__builtin_ctzll(static_cast<std::uint64_t>(rhs.constant)));
        }
        out_.nodes.push_back({node.op, std::max(deepest(lhs), deepest(rhs)), shift, lhs, rhs});
        return result;
    }

    Index deepest(const FoldedExpr& e) const {
        if (e.tree >= 0) {
            return out_.nodes[static_cast<std::size_t>(e.tree)].deepest;
        }
        Index variable = 0;
        for (Index i = 0; i < e.terms; ++i) {
            variable = std::max(variable, out_.terms[static_cast<std::size_t>(e.first_term + i)].variable);
        }
        return variable;
    }

    /// a + factor * b, both linear.
    FoldedExpr combine(const FoldedExpr& a, const FoldedExpr& b, std::int64_t factor) {
        std::vector<LinearTerm> merged;
        const auto add = [&](const FoldedExpr& e, std::int64_t by) {
            for (Index i = 0; i < e.terms; ++i) {
                LinearTerm term = out_.terms[static_cast<std::size_t>(e.first_term + i)];
                term.coefficient = wrapping(ExprOp::Mul, term.coefficient, by);
                const auto same =
                    std::find_if(merged.begin(), merged.end(), [&](const LinearTerm& t) { return t.variable == term.variable; });
                if (same == merged.end()) {
                    merged.push_back(term);
                } else {
                    same->coefficient = wrapping(ExprOp::Add, same->coefficient, term.coefficient);
                }
            }
        };
        add(a, 1);
        add(b, factor);
        FoldedExpr result;
        result.constant = wrapping(ExprOp::Add, a.constant, wrapping(ExprOp::Mul, b.constant, factor));
        result.first_term = static_cast<Index>(out_.terms.size());
        for (const LinearTerm& term : merged) {
            if (term.coefficient != 0) {
                out_.terms.push_back(term);
                ++result.terms;
            }
        }
        return result;
    }

    const Flow& flow_;
    const Template& body_;
    std::int64_t batch_;
    std::vector<std::int64_t> args_;
    ResolvedFlow out_;
    std::vector<std::optional<FoldedExpr>> folded_;  ///< by expression of the template
    int line_ = 0;
};

std::vector<Index> counter_bases(const Program& program) {
    std::vector<Index> bases;
    Index next = 0;
    for (const CounterArray& array : program.counters) {
        bases.push_back(next);
        next += array.size;
    }
    return bases;
}

}  // namespace

ResolvedFlow resolve(const Program& program, Index flow, std::int64_t batch) {
    return Resolver(program, flow, counter_bases(program), batch).run();
}

std::vector<ResolvedFlow> resolve_all(const Program& program, std::int64_t batch) {
    const std::vector<Index> bases = counter_bases(program);
    std::vector<ResolvedFlow> flows;
    flows.reserve(program.flows.size());
    for (Index i = 0; i < static_cast<Index>(program.flows.size()); ++i) {
        flows.push_back(Resolver(program, i, bases, batch).run());
    }
    return flows;
}

}  // namespace cim::isa
