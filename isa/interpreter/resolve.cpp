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

/// An expression with the flow's arguments in it: constant + sum of coefficient x loop variable, or something that a tree computes.
struct Folded {
    struct Term {
        Index loop = 0;
        std::int64_t coefficient = 0;
    };
    std::int64_t constant = 0;
    std::vector<Term> terms;
    bool tree = false;  ///< `slot` alone tells the value
    Index depth = -1;   ///< of the innermost loop that it depends on, -1: of none
    Slot slot = -1;     ///< -1: not needed so far

    bool is_constant() const { return depth < 0; }
};

/// Builds one ResolvedFlow.
class Resolver {
  public:
    Resolver(const Program& program, Index flow, const std::vector<Index>& counter_bases, std::int64_t batch, Detail detail)
        : flow_(program.flows[static_cast<std::size_t>(flow)]),
          body_(program.templates[static_cast<std::size_t>(flow_.body)]),
          batch_(batch),
          detail_(detail),
          folded_(body_.exprs.size()) {
        out_.id = flow;
        for (const Arg& arg : flow_.args) {
            args_.push_back(arg.kind == ArgKind::Counter ? counter_bases[static_cast<std::size_t>(arg.value)] : program.value_of(arg));
        }
    }

    ResolvedFlow run() {
        emit(body_.body);
        out_.code.push_back({});
        for (std::size_t i = 0; i < out_.loops.size(); ++i) {
            Loop& loop = out_.loops[i];
            loop.first_linear = static_cast<Index>(out_.linear.size());
            loop.linear_count = static_cast<Index>(updates_[i].linear.size());
            out_.linear.insert(out_.linear.end(), updates_[i].linear.begin(), updates_[i].linear.end());
            loop.first_tree = static_cast<Index>(out_.trees.size());
            loop.tree_count = static_cast<Index>(updates_[i].trees.size());
            out_.trees.insert(out_.trees.end(), updates_[i].trees.begin(), updates_[i].trees.end());
        }
        return std::move(out_);
    }

  private:
    void emit(const std::vector<Index>& statements) {
        for (const Index index : statements) {
            emit(body_.stmts[static_cast<std::size_t>(index)]);
        }
    }

    void emit(const Stmt& stmt) {
        line_ = stmt.line;
        Instruction instruction;
        instruction.line = stmt.line;
        switch (stmt.kind) {
            case StmtKind::For: emit_loop(stmt, instruction); return;
            case StmtKind::Await:
            case StmtKind::Signal: {
                const bool await = stmt.kind == StmtKind::Await;
                instruction.kind = await ? Instruction::Kind::Await : Instruction::Kind::Signal;
                instruction.base = base_of(stmt.exprs[0]);
                name_counters(instruction, stmt.exprs[1], await ? stmt.exprs[2] : -1);
                instruction.value = slot_of(stmt.exprs[await ? 3 : 2]);
                break;
            }
            case StmtKind::Op:
                instruction.kind = Instruction::Kind::Ops;
                instruction.first = static_cast<Index>(out_.ops.size());
                instruction.count = 1;
                instruction.vary = add_op(stmt);
                break;
            case StmtKind::Parallel:
                instruction.kind = Instruction::Kind::Ops;
                instruction.first = static_cast<Index>(out_.ops.size());
                instruction.count = static_cast<Index>(stmt.body.size());
                for (const Index index : stmt.body) {
                    instruction.vary = add_op(body_.stmts[static_cast<std::size_t>(index)]) || instruction.vary;
                }
                break;
        }
        out_.code.push_back(instruction);
    }

    void emit_loop(const Stmt& stmt, Instruction instruction) {
        const std::size_t begin = out_.code.size();
        const auto number = static_cast<Index>(out_.loops.size());
        Loop loop;
        loop.begin = slot_of(stmt.exprs[0]);
        loop.end = slot_of(stmt.exprs[1]);
        loop.end_now = new_slot(0);
        loop.variable = new_slot(0);
        out_.loops.push_back(loop);
        updates_.emplace_back();
        updates_.back().linear.push_back({loop.variable, 1});
        instruction.kind = Instruction::Kind::LoopBegin;
        instruction.first = number;
        out_.code.push_back(instruction);
        around_.push_back({number, {}});
        emit(stmt.body);
        // What depends on this loop's variable means something else in the next loop of this depth.
        for (const ExprRef ref : around_.back().inside) {
            folded_[static_cast<std::size_t>(ref)].reset();
        }
        around_.pop_back();
        instruction.kind = Instruction::Kind::LoopEnd;
        instruction.target = static_cast<Index>(begin + 1);
        out_.code.push_back(instruction);
        out_.code[begin].target = static_cast<Index>(out_.code.size());
    }

    Index base_of(ExprRef ref) {
        const Folded& base = fold(ref);
        return base.is_constant() ? counter_number(base.constant, 0) : no_counter;
    }

    void name_counters(Instruction& instruction, ExprRef index, ExprRef count) {
        const bool await = count >= 0;
        instruction.fixed = fold(index).is_constant() && (!await || fold(count).is_constant());
        if (instruction.fixed) {
            instruction.counter = counter_number(instruction.base, fold(index).constant);
            instruction.count = await ? counter_count(fold(count).constant) : 1;
        } else {
            instruction.counter = slot_of(index);
            instruction.target = await ? slot_of(count) : 0;
        }
    }

    /// Adds an operator; whether some field of it varies.
    bool add_op(const Stmt& stmt) {
        ResolvedOp traits;
        traits.signals = stmt.signals;
        traits.first_varying = static_cast<Index>(out_.varying.size());
        OpInstance op;
        op.opcode = stmt.opcode;
        op.line = stmt.line;
        const bool positions = detail_ == Detail::Everything || stmt.opcode == Opcode::Flush;
        const std::vector<FieldInfo>& fields = op_info(stmt.opcode).fields;
        for (std::size_t i = 0; i < fields.size(); ++i) {
            const bool position = is_position(fields[i]);
            if (position && !positions) {
                continue;
            }
            const Folded& value = fold(stmt.exprs[i]);
            op.values[i] = value.tree ? 0 : value.constant;
            if (!value.is_constant()) {
                traits.moves_only = traits.moves_only && position;
                out_.varying.push_back({static_cast<std::uint8_t>(i), slot_of(stmt.exprs[i]), 0});
            }
        }
        if (stmt.signals) {
            const ExprRef* signal = stmt.exprs.data() + fields.size();
            op.base = base_of(signal[0]);
            if (fold(signal[1]).is_constant() && fold(signal[2]).is_constant()) {
                op.signal = counter_number(op.base, fold(signal[1]).constant);
                op.amount = fold(signal[2]).constant;
            } else {
                out_.varying.push_back({signal_varies, slot_of(signal[1]), slot_of(signal[2])});
            }
        }
        traits.varying_count = static_cast<Index>(out_.varying.size()) - traits.first_varying;
        out_.ops.push_back(op);
        out_.op_traits.push_back(traits);
        return traits.varying_count > 0;
    }

    // ---- values -----------------------------------------------------------------------------------------------------------------

    Slot new_slot(std::int64_t value) {
        out_.values.push_back(value);
        return static_cast<Slot>(out_.values.size() - 1);
    }

    Slot slot_of(ExprRef ref) {
        fold(ref);
        return slot_of(*folded_[static_cast<std::size_t>(ref)]);
    }

    Slot slot_of(Folded& e) {
        if (e.slot < 0) {
            e.slot = new_slot(e.constant);
            for (const Folded::Term& term : e.terms) {
                updates_[static_cast<std::size_t>(term.loop)].linear.push_back({e.slot, term.coefficient});
            }
        }
        return e.slot;
    }

    /// Folds an expression. One that stands in several places is one value.
    const Folded& fold(ExprRef ref) {
        std::optional<Folded>& known = folded_[static_cast<std::size_t>(ref)];
        if (!known) {
            known = fold_new(ref);
            if (known->depth >= 0) {
                around_[static_cast<std::size_t>(known->depth)].inside.push_back(ref);
            }
        }
        return *known;
    }

    Folded fold_new(ExprRef ref) {
        const ExprNode& node = body_.exprs[static_cast<std::size_t>(ref)];
        Folded result;
        switch (node.op) {
            case ExprOp::Const: result.constant = node.value; return result;
            case ExprOp::Param: result.constant = args_[static_cast<std::size_t>(node.value)]; return result;
            case ExprOp::Batch: result.constant = batch_; return result;
            case ExprOp::Var:
                result.depth = static_cast<Index>(node.value);
                result.terms = {{around_[static_cast<std::size_t>(node.value)].loop, 1}};
                result.slot = out_.loops[static_cast<std::size_t>(result.terms[0].loop)].variable;
                return result;
            default: break;
        }
        // References to what is known stay valid: folding more fills other places.
        const Folded& lhs = fold(node.lhs);
        const Folded& rhs = fold(node.rhs);
        if (node.op == ExprOp::Div || node.op == ExprOp::Mod) {
            if (!rhs.is_constant() || rhs.constant < 1) {
                throw ProgramError(fmt::format("flow '{}', line {}: {} by {}; the divisor must be a constant of 1 or more", flow_.name,
                                               line_, node.op == ExprOp::Div ? "div" : "mod",
                                               rhs.is_constant() ? std::to_string(rhs.constant) : "a loop variable"));
            }
        }
        if (lhs.is_constant() && rhs.is_constant()) {
            result.constant = fold_constants(node.op, lhs.constant, rhs.constant);
            return result;
        }
        if ((node.op == ExprOp::Add || node.op == ExprOp::Sub) && !lhs.tree && !rhs.tree) {
            return combine(lhs, rhs, node.op == ExprOp::Add ? 1 : -1);
        }
        if (node.op == ExprOp::Mul && rhs.is_constant() && !lhs.tree) {
            return combine({}, lhs, rhs.constant);
        }
        if (node.op == ExprOp::Mul && lhs.is_constant() && !rhs.tree) {
            return combine({}, rhs, lhs.constant);
        }
        return tree(node.op, node.lhs, node.rhs);
    }

    Folded tree(ExprOp op, ExprRef lhs, ExprRef rhs) {
        Folded result;
        result.tree = true;
        result.depth = std::max(fold(lhs).depth, fold(rhs).depth);
        using Kind = TreeUpdate::Kind;
        TreeUpdate update;
        update.lhs = slot_of(lhs);
        const std::int64_t by = fold(rhs).constant;
        const bool power = (op == ExprOp::Div || op == ExprOp::Mod) && (by & (by - 1)) == 0;
        switch (op) {
            case ExprOp::Add: update.kind = Kind::Add; break;
            case ExprOp::Sub: update.kind = Kind::Sub; break;
            case ExprOp::Min: update.kind = Kind::Min; break;
            case ExprOp::Max: update.kind = Kind::Max; break;
            case ExprOp::Div: update.kind = power ? Kind::Shift : Kind::Div; break;
            case ExprOp::Mod: update.kind = power ? Kind::Mask : Kind::Mod; break;
            default: update.kind = Kind::Mul; break;
        }
        if (power) {
            update.rhs = new_slot(update.kind == Kind::Shift ? __builtin_ctzll(static_cast<std::uint64_t>(by)) : by - 1);
        } else {
            update.rhs = slot_of(rhs);
        }
        update.slot = result.slot = new_slot(0);
        updates_[static_cast<std::size_t>(around_[static_cast<std::size_t>(result.depth)].loop)].trees.push_back(update);
        return result;
    }

    /// a + factor * b, both linear.
    static Folded combine(const Folded& a, const Folded& b, std::int64_t factor) {
        Folded result;
        result.constant = wrapping(ExprOp::Add, a.constant, wrapping(ExprOp::Mul, b.constant, factor));
        const auto add = [&](const Folded& e, std::int64_t by) {
            for (Folded::Term term : e.terms) {
                term.coefficient = wrapping(ExprOp::Mul, term.coefficient, by);
                const auto same =
                    std::find_if(result.terms.begin(), result.terms.end(), [&](const Folded::Term& t) { return t.loop == term.loop; });
                if (same == result.terms.end()) {
                    result.terms.push_back(term);
                } else {
                    same->coefficient = wrapping(ExprOp::Add, same->coefficient, term.coefficient);
                }
            }
        };
        add(a, 1);
        add(b, factor);
        result.terms.erase(std::remove_if(result.terms.begin(), result.terms.end(), [](const Folded::Term& t) { return t.coefficient == 0; }),
                           result.terms.end());
        if (!result.terms.empty()) {
            result.depth = std::max(a.depth, b.depth);
        }
        return result;
    }

    struct Around {
        Index loop = 0;
        std::vector<ExprRef> inside;  ///< expressions that depend on it and on no loop further inside
    };
    struct Updates {
        std::vector<LinearUpdate> linear;
        std::vector<TreeUpdate> trees;
    };

    const Flow& flow_;
    const Template& body_;
    std::int64_t batch_;
    Detail detail_;
    std::vector<std::int64_t> args_;
    ResolvedFlow out_;
    std::vector<std::optional<Folded>> folded_;  ///< by expression of the template
    std::vector<Around> around_;                 ///< loops around the statement at hand
    std::vector<Updates> updates_;               ///< of each loop
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

ResolvedFlow resolve(const Program& program, Index flow, std::int64_t batch, Detail detail) {
    return Resolver(program, flow, counter_bases(program), batch, detail).run();
}

std::vector<ResolvedFlow> resolve_all(const Program& program, std::int64_t batch, Detail detail) {
    const std::vector<Index> bases = counter_bases(program);
    std::vector<ResolvedFlow> flows;
    flows.reserve(program.flows.size());
    for (Index i = 0; i < static_cast<Index>(program.flows.size()); ++i) {
        flows.push_back(Resolver(program, i, bases, batch, detail).run());
    }
    return flows;
}

}  // namespace cim::isa
