#include "isa/interpreter/template_resolver.h"

#include <algorithm>

#include <fmt/format.h>

#include "isa/interpreter/arithmetic.h"

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

bool divides(ExprOp op) {
    return op == ExprOp::Div || op == ExprOp::Mod;
}

}  // namespace

TemplateResolver::TemplateResolver(const Template& body, const std::string& name, std::size_t args, std::int64_t batch, Detail detail)
    : source_(body),
      name_(name),
      batch_(batch),
      detail_(detail),
      plan_{std::make_shared<ResolvedTemplate>(), {}, {}, {}, {}, {}, {}},
      out_(*plan_.body),
      folded_(body.exprs.size()) {
    for (std::size_t i = 0; i < args; ++i) {
        new_slot(0);
    }
}

TemplatePlan TemplateResolver::run() {
    emit(source_.body);
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
    number_slots();
    return std::move(plan_);
}

// ---- statements -------------------------------------------------------------------------------------------------------------

void TemplateResolver::emit(const std::vector<Index>& statements) {
    for (const Index index : statements) {
        emit(source_.stmts[static_cast<std::size_t>(index)]);
    }
}

void TemplateResolver::emit(const Stmt& stmt) {
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
            instruction.counter = counter_of(instruction.base, stmt.exprs[1]);
            instruction.length = await ? slot_of(stmt.exprs[2]) : 0;
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
                instruction.vary = add_op(source_.stmts[static_cast<std::size_t>(index)]) || instruction.vary;
            }
            break;
    }
    out_.code.push_back(instruction);
}

void TemplateResolver::emit_loop(const Stmt& stmt, Instruction instruction) {
    const std::size_t begin = out_.code.size();
    const auto number = static_cast<Index>(out_.loops.size());
    Loop loop;
    loop.begin = slot_of(stmt.exprs[0]);
    loop.end = slot_of(stmt.exprs[1]);
    loop.variable = new_slot(0);
    out_.loops.push_back(loop);
    updates_.emplace_back();
    updates_.back().linear.push_back({loop.variable, literal(1)});
    instruction.kind = Instruction::Kind::LoopBegin;
    instruction.first = number;
    out_.code.push_back(instruction);
    const std::size_t before = varying_.size();
    around_.push_back(number);
    emit(stmt.body);
    around_.pop_back();
    // What depends on this loop's variable means something else in the next loop of this depth.
    const auto forget = [&](ExprRef ref) {
        known(ref).known = known(ref).depth < static_cast<Index>(around_.size());
        return !known(ref).known;
    };
    varying_.erase(std::remove_if(varying_.begin() + static_cast<std::ptrdiff_t>(before), varying_.end(), forget), varying_.end());
    instruction.kind = Instruction::Kind::LoopEnd;
    instruction.target = static_cast<Index>(begin + 1);
    out_.code.push_back(instruction);
    out_.code[begin].target = static_cast<Index>(out_.code.size());
}

bool TemplateResolver::add_op(const Stmt& stmt) {
    const auto number = static_cast<Index>(out_.ops.size());
    ResolvedOp traits;
    traits.signals = stmt.signals;
    traits.first_varying = static_cast<Index>(out_.varying.size());
    OpInstance op;
    op.opcode = stmt.opcode;
    op.line = stmt.line;
    const auto set = [&](const FieldValue& value, bool varies) {
        if (varies) {
            out_.varying.push_back(value);
        } else {
            plan_.fixed_fields.push_back({number, value});
        }
    };
    const bool positions = detail_ == Detail::Everything || stmt.opcode == Opcode::Flush;
    const std::vector<FieldInfo>& fields = op_info(stmt.opcode).fields;
    for (std::size_t i = 0; i < fields.size(); ++i) {
        const bool position = is_position(fields[i]);
        if (position && !positions) {
            continue;
        }
        const bool varies = !fold(stmt.exprs[i]).is_constant();
        traits.moves_only = traits.moves_only && (!varies || position);
        set({static_cast<std::uint8_t>(i), slot_of(stmt.exprs[i]), 0}, varies);
    }
    if (stmt.signals) {
        const ExprRef* signal = stmt.exprs.data() + fields.size();
        const Slot base = base_of(signal[0]);
        plan_.bases.push_back({number, base});
        set({signal_field, counter_of(base, signal[1]), slot_of(signal[2])},
            !fold(signal[1]).is_constant() || !fold(signal[2]).is_constant());
    }
    traits.varying_count = static_cast<Index>(out_.varying.size()) - traits.first_varying;
    plan_.ops.push_back(op);
    out_.ops.push_back(traits);
    return traits.varying_count > 0;
}

// ---- constants --------------------------------------------------------------------------------------------------------------

Slot TemplateResolver::new_slot(std::int64_t value) {
    plan_.slots.push_back(value);
    is_literal_.push_back(false);
    return static_cast<Slot>(plan_.slots.size() - 1);
}

Slot TemplateResolver::literal(std::int64_t value) {
    const auto [at, fresh] = literals_.emplace(value, 0);
    if (fresh) {
        at->second = new_slot(value);
        is_literal_.back() = true;
    }
    return at->second;
}

bool TemplateResolver::is_literal(Slot slot, std::int64_t value) const {
    return is_literal_[static_cast<std::size_t>(slot)] && plan_.slots[static_cast<std::size_t>(slot)] == value;
}

Slot TemplateResolver::compute(ExprOp op, Slot lhs, Slot rhs) {
    if (op == ExprOp::Add && (is_literal(lhs, 0) || is_literal(rhs, 0))) {
        return is_literal(lhs, 0) ? rhs : lhs;
    }
    if (op == ExprOp::Mul && (is_literal(lhs, 1) || is_literal(rhs, 1))) {
        return is_literal(lhs, 1) ? rhs : lhs;
    }
    if (!divides(op) && is_literal_[static_cast<std::size_t>(lhs)] && is_literal_[static_cast<std::size_t>(rhs)]) {
        return literal(fold_constants(op, plan_.slots[static_cast<std::size_t>(lhs)], plan_.slots[static_cast<std::size_t>(rhs)]));
    }
    const auto [at, fresh] = computed_.emplace(std::make_tuple(op, lhs, rhs), 0);
    if (fresh) {
        at->second = new_slot(0);
        plan_.computations.push_back({op, at->second, lhs, rhs, line_});
    }
    return at->second;
}

// ---- expressions ------------------------------------------------------------------------------------------------------------

TemplateResolver::Folded TemplateResolver::constant(Slot slot) const {
    Folded result;
    result.base = result.slot = slot;
    return result;
}

/// One that stands in several places is one value.
const TemplateResolver::Folded& TemplateResolver::fold(ExprRef ref) {
    if (!known(ref).known) {
        known(ref) = fold_new(ref);
        known(ref).known = true;
        if (!known(ref).is_constant()) {
            varying_.push_back(ref);
        }
    }
    return known(ref);
}

TemplateResolver::Folded TemplateResolver::fold_new(ExprRef ref) {
    const ExprNode& node = source_.exprs[static_cast<std::size_t>(ref)];
    switch (node.op) {
        case ExprOp::Const: return constant(literal(node.value));
        case ExprOp::Param: return constant(static_cast<Slot>(node.value));
        case ExprOp::Batch: return constant(literal(batch_));
        case ExprOp::Var: {
            Folded result = constant(literal(0));
            result.depth = static_cast<Index>(node.value);
            result.first_term = static_cast<Index>(terms_.size());
            result.terms = 1;
            terms_.push_back({around_[static_cast<std::size_t>(node.value)], literal(1)});
            result.slot = out_.loops[static_cast<std::size_t>(terms_.back().loop)].variable;
            return result;
        }
        default: break;
    }
    const Folded& lhs = fold(node.lhs);
    const Folded& rhs = fold(node.rhs);
    if (divides(node.op) && !rhs.is_constant()) {
        throw ProgramError(fmt::format("flow '{}', line {}: {} by a loop variable; the divisor must be a constant of 1 or more", name_,
                                       line_, node.op == ExprOp::Div ? "div" : "mod"));
    }
    if (lhs.is_constant() && rhs.is_constant()) {
        return constant(compute(node.op, lhs.base, rhs.base));
    }
    if ((node.op == ExprOp::Add || node.op == ExprOp::Sub) && !lhs.tree && !rhs.tree) {
        return combine(lhs, rhs, literal(node.op == ExprOp::Add ? 1 : -1));
    }
    if (node.op == ExprOp::Mul && rhs.is_constant() && !lhs.tree) {
        return combine(constant(literal(0)), lhs, rhs.base);
    }
    if (node.op == ExprOp::Mul && lhs.is_constant() && !rhs.tree) {
        return combine(constant(literal(0)), rhs, lhs.base);
    }
    if (divides(node.op)) {
        plan_.computations.push_back({node.op, -1, 0, rhs.base, line_});
    }
    return tree(node.op, known(node.lhs), known(node.rhs));
}

TemplateResolver::Folded TemplateResolver::tree(ExprOp op, Folded& lhs, Folded& rhs) {
    Folded result;
    result.tree = true;
    result.depth = std::max(lhs.depth, rhs.depth);
    TreeUpdate update{op, 0, slot_of(lhs), slot_of(rhs)};
    update.slot = result.slot = new_slot(0);
    updates_[static_cast<std::size_t>(around_[static_cast<std::size_t>(result.depth)])].trees.push_back(update);
    return result;
}

TemplateResolver::Folded TemplateResolver::combine(const Folded& a, const Folded& b, Slot factor) {
    Folded result;
    result.base = compute(ExprOp::Add, a.base, compute(ExprOp::Mul, b.base, factor));
    result.first_term = static_cast<Index>(terms_.size());
    const auto add = [&](const Folded& e, Slot by) {
        for (Index i = e.first_term; i < e.first_term + e.terms; ++i) {
            Term term = terms_[static_cast<std::size_t>(i)];
            term.coefficient = compute(ExprOp::Mul, term.coefficient, by);
            const auto same =
                std::find_if(terms_.begin() + result.first_term, terms_.end(), [&](const Term& t) { return t.loop == term.loop; });
            if (same == terms_.end()) {
                terms_.push_back(term);
            } else {
                same->coefficient = compute(ExprOp::Add, same->coefficient, term.coefficient);
            }
        }
    };
    add(a, literal(1));
    add(b, factor);
    terms_.erase(
        std::remove_if(terms_.begin() + result.first_term, terms_.end(), [&](const Term& t) { return is_literal(t.coefficient, 0); }),
        terms_.end());
    result.terms = static_cast<Index>(terms_.size()) - result.first_term;
    if (result.terms == 0) {
        return constant(result.base);
    }
    result.depth = std::max(a.depth, b.depth);
    return result;
}

Slot TemplateResolver::slot_of(ExprRef ref) {
    fold(ref);
    return slot_of(known(ref));
}

Slot TemplateResolver::slot_of(Folded& e) {
    if (e.slot < 0) {
        e.slot = new_slot(0);
        plan_.computations.push_back({ExprOp::Add, e.slot, e.base, literal(0), line_});
        for (Index i = e.first_term; i < e.first_term + e.terms; ++i) {
            const Term& term = terms_[static_cast<std::size_t>(i)];
            updates_[static_cast<std::size_t>(term.loop)].linear.push_back({e.slot, term.coefficient});
        }
    }
    return e.slot;
}

Slot TemplateResolver::base_of(ExprRef ref) {
    const Folded& base = fold(ref);
    return base.is_constant() ? base.base : literal(no_counter);
}

Slot TemplateResolver::counter_of(Slot base, ExprRef index) {
    fold(index);
    Folded first = constant(base);
    Folded sum = known(index).tree ? tree(ExprOp::Add, first, known(index)) : combine(first, known(index), literal(1));
    return slot_of(sum);
}

/// Gives the values that a run needs their place, those that are used together side by side.
void TemplateResolver::number_slots() {
    std::vector<Slot> numbers(plan_.slots.size(), -1);
    const auto number = [&](Slot& slot) {
        Slot& given = numbers[static_cast<std::size_t>(slot)];
        if (given < 0) {
            given = static_cast<Slot>(plan_.gathered.size());
            plan_.gathered.push_back(slot);
        }
        slot = given;
    };
    for (Instruction& instruction : out_.code) {
        switch (instruction.kind) {
            case Instruction::Kind::LoopBegin: {
                Loop& loop = out_.loops[static_cast<std::size_t>(instruction.first)];
                number(loop.variable);
                number(loop.begin);
                number(loop.end);
                for (Index i = loop.first_linear; i < loop.first_linear + loop.linear_count; ++i) {
                    number(out_.linear[static_cast<std::size_t>(i)].slot);
                    number(out_.linear[static_cast<std::size_t>(i)].step);
                }
                for (Index i = loop.first_tree; i < loop.first_tree + loop.tree_count; ++i) {
                    TreeUpdate& tree = out_.trees[static_cast<std::size_t>(i)];
                    number(tree.slot);
                    number(tree.lhs);
                    number(tree.rhs);
                }
                break;
            }
            case Instruction::Kind::Await: number(instruction.length); [[fallthrough]];
            case Instruction::Kind::Signal:
                number(instruction.base);
                number(instruction.counter);
                number(instruction.value);
                break;
            default: break;
        }
    }
    for (FieldValue& field : out_.varying) {
        number(field.slot);
        number(field.amount);
    }
}

}  // namespace cim::isa
