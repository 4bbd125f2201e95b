#include "isa/interpreter/arithmetic.h"
#include "isa/interpreter/resolved.h"

namespace cim::isa {

FlowRun::FlowRun(const ResolvedFlow& flow) : flow_(&flow), values_(flow.values), ops_(flow.ops.data()) {
    if (!flow.varying.empty()) {
        own_ops_ = flow.ops;
        ops_ = own_ops_.data();
    }
}

void FlowRun::turn(const Loop& loop, std::int64_t step) {
    const LinearUpdate* linear = flow_->linear.data() + loop.first_linear;
    for (const LinearUpdate* end = linear + loop.linear_count; linear != end; ++linear) {
        value(linear->slot) = wrapping(ExprOp::Add, value(linear->slot), wrapping(ExprOp::Mul, linear->step, step));
    }
    const TreeUpdate* tree = flow_->trees.data() + loop.first_tree;
    for (const TreeUpdate* end = tree + loop.tree_count; tree != end; ++tree) {
        const std::int64_t lhs = value(tree->lhs);
        const std::int64_t rhs = value(tree->rhs);
        using Kind = TreeUpdate::Kind;
        switch (tree->kind) {
            case Kind::Add: value(tree->slot) = wrapping(ExprOp::Add, lhs, rhs); break;
            case Kind::Sub: value(tree->slot) = wrapping(ExprOp::Sub, lhs, rhs); break;
            case Kind::Mul: value(tree->slot) = wrapping(ExprOp::Mul, lhs, rhs); break;
            case Kind::Min: value(tree->slot) = std::min(lhs, rhs); break;
            case Kind::Max: value(tree->slot) = std::max(lhs, rhs); break;
            case Kind::Div: value(tree->slot) = fold_constants(ExprOp::Div, lhs, rhs); break;
            case Kind::Mod: value(tree->slot) = fold_constants(ExprOp::Mod, lhs, rhs); break;
            // Rounding down is what shifting a two's complement number does.
            case Kind::Shift: value(tree->slot) = lhs >> rhs; break;
            case Kind::Mask: value(tree->slot) = lhs & rhs; break;
        }
    }
}

void FlowRun::fill_in(const Instruction& instruction) {
    for (Index i = instruction.first; i < instruction.first + instruction.count; ++i) {
        const ResolvedOp& traits = flow_->op_traits[static_cast<std::size_t>(i)];
        OpInstance& op = own_ops_[static_cast<std::size_t>(i)];
        const VaryingField* field = flow_->varying.data() + traits.first_varying;
        for (const VaryingField* end = field + traits.varying_count; field != end; ++field) {
            if (field->field == signal_varies) {
                op.signal = counter_number(op.base, value(field->slot));
                op.amount = value(field->amount);
            } else {
                op.values[field->field] = value(field->slot);
            }
        }
    }
}

void FlowRun::spend() {
    if (--turns_ < 0) {
        throw RunTooLong();
    }
}

const Step& FlowRun::next() {
    while (true) {
        const Instruction& instruction = flow_->code[at_];
        switch (instruction.kind) {
            case Instruction::Kind::LoopBegin: {
                const Loop& loop = flow_->loops[static_cast<std::size_t>(instruction.first)];
                const std::int64_t begin = value(loop.begin);
                value(loop.end_now) = value(loop.end);
                spend();
                if (begin >= value(loop.end_now)) {
                    at_ = static_cast<std::size_t>(instruction.target);
                    continue;
                }
                turn(loop, wrapping(ExprOp::Sub, begin, value(loop.variable)));
                ++at_;
                continue;
            }
            case Instruction::Kind::LoopEnd: {
                const Loop& loop = flow_->loops[static_cast<std::size_t>(instruction.first)];
                spend();
                if (value(loop.variable) + 1 < value(loop.end_now)) {
                    turn(loop, 1);
                    at_ = static_cast<std::size_t>(instruction.target);
                } else {
                    ++at_;
                }
                continue;
            }
            case Instruction::Kind::Await:
            case Instruction::Kind::Signal: {
                const bool await = instruction.kind == Instruction::Kind::Await;
                step_.kind = await ? Step::Kind::Await : Step::Kind::Signal;
                step_.base = instruction.base;
                if (instruction.fixed) {
                    step_.counter = instruction.counter;
                    step_.count = instruction.count;
                } else {
                    step_.counter = counter_number(instruction.base, value(instruction.counter));
                    step_.count = await ? counter_count(value(instruction.target)) : 1;
                }
                step_.value = value(instruction.value);
                break;
            }
            case Instruction::Kind::Ops:
                step_.kind = Step::Kind::Ops;
                if (instruction.vary) {
                    fill_in(instruction);
                }
                step_.ops = ops_ + instruction.first;
                step_.first_op = instruction.first;
                step_.op_count = instruction.count;
                break;
            case Instruction::Kind::End: step_.kind = Step::Kind::End; step_.line = instruction.line; return step_;
        }
        step_.line = instruction.line;
        ++at_;
        return step_;
    }
}

}  // namespace cim::isa
