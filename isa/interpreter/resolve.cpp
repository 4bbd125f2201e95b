#include <algorithm>

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
    std::int64_t constant = 0;
    Index first_term = 0;
    Index terms = 0;
    Index depth = -1;    ///< of the innermost loop that it depends on, -1: of none
    Slot slot = -1;      ///< -1: not needed so far
    bool known = false;  ///< folded already
    bool tree = false;   ///< `slot` alone tells the value

    bool is_constant() const { return depth < 0; }
};

/// Builds ResolvedFlows, one after the other; what it needs on the way it keeps for the next.
class Resolver {
  public:
    Resolver(const Program& program, std::int64_t batch, Detail detail) : program_(program), batch_(batch), detail_(detail) {
        Index next = 0;
        for (const CounterArray& array : program.counters) {
            counter_bases_.push_back(next);
            next += array.size;
        }
    }

    ResolvedFlow run(Index number) {
        flow_ = &program_.flows[static_cast<std::size_t>(number)];
        body_ = &program_.templates[static_cast<std::size_t>(flow_->body)];
        out_ = {};
        out_.id = number;
        args_.clear();
        for (const Arg& arg : flow_->args) {
            args_.push_back(arg.kind == ArgKind::Counter ? counter_bases_[static_cast<std::size_t>(arg.value)] : program_.value_of(arg));
        }
        folded_.assign(body_->exprs.size(), {});
        terms_.clear();
        varying_.clear();
        for (Updates& updates : updates_) {
            updates.linear.clear();
            updates.trees.clear();
        }
        out_.code.reserve(2 * body_->stmts.size() + 1);
        out_.values.reserve(body_->exprs.size());
        emit(body_->body);
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
        out_.values.shrink_to_fit();
        return std::move(out_);
    }

  private:
    void emit(const std::vector<Index>& statements) {
        for (const Index index : statements) {
            emit(body_->stmts[static_cast<std::size_t>(index)]);
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
                    instruction.vary = add_op(body_->stmts[static_cast<std::size_t>(index)]) || instruction.vary;
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
        if (updates_.size() < out_.loops.size()) {
            updates_.emplace_back();
        }
        updates_[static_cast<std::size_t>(number)].linear.push_back({loop.variable, 1});
        instruction.kind = Instruction::Kind::LoopBegin;
        instruction.first = number;
        out_.code.push_back(instruction);
        const std::size_t before = varying_.size();
        around_.push_back(number);
        emit(stmt.body);
        around_.pop_back();
        // What depends on this loop's variable means something else in the next loop of this depth.
        const auto forget = [&](ExprRef ref) {
            Folded& e = folded_[static_cast<std::size_t>(ref)];
            e.known = e.depth < static_cast<Index>(around_.size());
            return !e.known;
        };
        varying_.erase(std::remove_if(varying_.begin() + static_cast<std::ptrdiff_t>(before), varying_.end(), forget), varying_.end());
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
        return slot_of(folded_[static_cast<std::size_t>(ref)]);
    }

    Slot slot_of(Folded& e) {
        if (e.slot < 0) {
            e.slot = new_slot(e.constant);
            for (Index i = e.first_term; i < e.first_term + e.terms; ++i) {
                const Term& term = terms_[static_cast<std::size_t>(i)];
                updates_[static_cast<std::size_t>(term.loop)].linear.push_back({e.slot, term.coefficient});
            }
        }
        return e.slot;
    }

    /// Folds an expression. One that stands in several places is one value.
    const Folded& fold(ExprRef ref) {
        Folded& e = folded_[static_cast<std::size_t>(ref)];
        if (!e.known) {
            e = fold_new(ref);
            e.known = true;
            if (!e.is_constant()) {
                varying_.push_back(ref);
            }
        }
        return e;
    }

    Folded fold_new(ExprRef ref) {
        const ExprNode& node = body_->exprs[static_cast<std::size_t>(ref)];
        Folded result;
        switch (node.op) {
            case ExprOp::Const: result.constant = node.value; return result;
            case ExprOp::Param: result.constant = args_[static_cast<std::size_t>(node.value)]; return result;
            case ExprOp::Batch: result.constant = batch_; return result;
            case ExprOp::Var:
                result.depth = static_cast<Index>(node.value);
                result.first_term = static_cast<Index>(terms_.size());
                result.terms = 1;
                terms_.push_back({around_[static_cast<std::size_t>(node.value)], 1});
                result.slot = out_.loops[static_cast<std::size_t>(terms_.back().loop)].variable;
                return result;
            default: break;
        }
        // References to what is known stay valid: folding more fills other places.
        const Folded& lhs = fold(node.lhs);
        const Folded& rhs = fold(node.rhs);
        if (node.op == ExprOp::Div || node.op == ExprOp::Mod) {
            if (!rhs.is_constant() || rhs.constant < 1) {
                throw ProgramError(fmt::format("flow '{}', line {}: {} by {}; the divisor must be a constant of 1 or more", flow_->name,
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
        updates_[static_cast<std::size_t>(around_[static_cast<std::size_t>(result.depth)])].trees.push_back(update);
        return result;
    }

    /// a + factor * b, both linear.
    Folded combine(const Folded& a, const Folded& b, std::int64_t factor) {
        Folded result;
        result.constant = wrapping(ExprOp::Add, a.constant, wrapping(ExprOp::Mul, b.constant, factor));
        result.first_term = static_cast<Index>(terms_.size());
        const auto add = [&](const Folded& e, std::int64_t by) {
            for (Index i = e.first_term; i < e.first_term + e.terms; ++i) {
                Term term = terms_[static_cast<std::size_t>(i)];
                term.coefficient = wrapping(ExprOp::Mul, term.coefficient, by);
                const auto same =
                    std::find_if(terms_.begin() + result.first_term, terms_.end(), [&](const Term& t) { return t.loop == term.loop; });
                if (same == terms_.end()) {
                    terms_.push_back(term);
                } else {
                    same->coefficient = wrapping(ExprOp::Add, same->coefficient, term.coefficient);
                }
            }
        };
        add(a, 1);
        add(b, factor);
        terms_.erase(std::remove_if(terms_.begin() + result.first_term, terms_.end(), [](const Term& t) { return t.coefficient == 0; }),
                     terms_.end());
        result.terms = static_cast<Index>(terms_.size()) - result.first_term;
        if (result.terms > 0) {
            result.depth = std::max(a.depth, b.depth);
        }
        return result;
    }

    struct Term {
        Index loop = 0;
        std::int64_t coefficient = 0;
    };
    struct Updates {
        std::vector<LinearUpdate> linear;
        std::vector<TreeUpdate> trees;
    };

    const Program& program_;
    const std::int64_t batch_;
    const Detail detail_;
    std::vector<Index> counter_bases_;
    const Flow* flow_ = nullptr;
    const Template* body_ = nullptr;
    std::vector<std::int64_t> args_;
    ResolvedFlow out_;
    std::vector<Folded> folded_;    ///< by expression of the template
    std::vector<Term> terms_;       ///< of what is folded
    std::vector<ExprRef> varying_;  ///< what is folded and not constant
    std::vector<Index> around_;     ///< loops around the statement at hand
    std::vector<Updates> updates_;  ///< of each loop
    int line_ = 0;
};

}  // namespace

ResolvedFlow resolve(const Program& program, Index flow, std::int64_t batch, Detail detail) {
    return Resolver(program, batch, detail).run(flow);
}

std::vector<ResolvedFlow> resolve_all(const Program& program, std::int64_t batch, Detail detail) {
    Resolver resolver(program, batch, detail);
    std::vector<ResolvedFlow> flows;
    flows.reserve(program.flows.size());
    for (Index i = 0; i < static_cast<Index>(program.flows.size()); ++i) {
        flows.push_back(resolver.run(i));
    }
    return flows;
}

}  // namespace cim::isa
