#include "isa/interpreter/arithmetic.h"
#include "isa/interpreter/resolved.h"

namespace cim::isa {

FlowRun::FlowRun(const ResolvedFlow& flow)
    : body_(flow.body.get()), at_(body_->code.data()), values_(new std::int64_t[flow.values.size()]), ops_(flow.ops.data()) {
    std::copy(flow.values.begin(), flow.values.end(), values_.get());
    if (!body_->varying.empty()) {
        own_ops_.reset(new OpInstance[flow.ops.size()]);
        std::copy(flow.ops.begin(), flow.ops.end(), own_ops_.get());
        ops_ = own_ops_.get();
    }
}

void FlowRun::turn(const Loop& loop, std::int64_t step) {
    const LinearUpdate* linear = body_->linear.data() + loop.first_linear;
    for (const LinearUpdate* end = linear + loop.linear_count; linear != end; ++linear) {
        value(linear->slot) = wrapping(ExprOp::Add, value(linear->slot), wrapping(ExprOp::Mul, value(linear->step), step));
    }
    const TreeUpdate* tree = body_->trees.data() + loop.first_tree;
    for (const TreeUpdate* end = tree + loop.tree_count; tree != end; ++tree) {
        value(tree->slot) = fold_constants(tree->op, value(tree->lhs), value(tree->rhs));
    }
}

void FlowRun::fill_in(const Instruction& instruction) {
    for (Index i = instruction.first; i < instruction.first + instruction.count; ++i) {
        const ResolvedOp& traits = body_->ops[static_cast<std::size_t>(i)];
        const FieldValue* field = body_->varying.data() + traits.first_varying;
        for (const FieldValue* end = field + traits.varying_count; field != end; ++field) {
            set_field(own_ops_[static_cast<std::size_t>(i)], *field, values_.get());
        }
    }
}

void FlowRun::spend() {
    if (--turns_ < 0) {
        throw RunTooLong();
    }
}

Index FlowRun::base() const {
    return counter_number(values_[static_cast<std::size_t>(at_[-1].base)]);
}

void FlowRun::pass_loops() {
    while (true) {
        const Instruction& instruction = *at_;
        if (instruction.kind > Instruction::Kind::LoopEnd) {
            return;
        }
        const Loop& loop = body_->loops[static_cast<std::size_t>(instruction.first)];
        spend();
        if (instruction.kind == Instruction::Kind::LoopBegin) {
            const std::int64_t begin = value(loop.begin);
            if (begin >= value(loop.end)) {
                at_ = body_->code.data() + instruction.target;
            } else {
                turn(loop, wrapping(ExprOp::Sub, begin, value(loop.variable)));
                ++at_;
            }
        } else if (value(loop.variable) + 1 < value(loop.end)) {
            turn(loop, 1);
            at_ = body_->code.data() + instruction.target;
        } else {
            ++at_;
        }
    }
}

const Step& FlowRun::next() {
    if (at_->kind <= Instruction::Kind::LoopEnd) {
        pass_loops();
    }
    const Instruction& instruction = *at_;
    step_.line = instruction.line;
    switch (instruction.kind) {
        case Instruction::Kind::Await:
            step_.kind = Step::Kind::Await;
            step_.count = counter_count(value(instruction.length));
            break;
        case Instruction::Kind::Signal:
            step_.kind = Step::Kind::Signal;
            step_.count = 1;
            break;
        case Instruction::Kind::Ops:
            if (instruction.vary) {
                fill_in(instruction);
            }
            step_.kind = Step::Kind::Ops;
            step_.ops = ops_ + instruction.first;
            step_.first_op = instruction.first;
            step_.op_count = instruction.count;
            ++at_;
            return step_;
        default: step_.kind = Step::Kind::End; return step_;
    }
    step_.counter = counter_number(value(instruction.counter));
    step_.value = value(instruction.value);
    ++at_;
    return step_;
}

}  // namespace cim::isa
