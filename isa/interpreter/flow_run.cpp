#include "isa/interpreter/arithmetic.h"
#include "isa/interpreter/resolved.h"

namespace cim::isa {

FlowRun::FlowRun(const ResolvedFlow& flow)
    : flow_(&flow),
      variables_(static_cast<std::size_t>(flow.variables)),
      ends_(static_cast<std::size_t>(flow.variables)),
      assigned_(static_cast<std::size_t>(flow.variables)),
      known_(flow.nodes.size()) {
    ops_.reserve(flow.ops.size());
    for (const ResolvedOp& op : flow.ops) {
        ops_.push_back(op.fixed);
    }
}

std::int64_t FlowRun::evaluate(const FoldedExpr& expr) const {
    if (expr.tree >= 0) {
        return evaluate_tree(expr.tree);
    }
    std::int64_t value = expr.constant;
    const LinearTerm* term = flow_->terms.data() + expr.first_term;
    for (Index i = 0; i < expr.terms; ++i, ++term) {
        value =
            wrapping(ExprOp::Add, value, wrapping(ExprOp::Mul, term->coefficient, variables_[static_cast<std::size_t>(term->variable)]));
    }
    return value;
}

std::int64_t FlowRun::evaluate_tree(Index node) const {
    const FoldedNode& n = flow_->nodes[static_cast<std::size_t>(node)];
    Known& known = known_[static_cast<std::size_t>(node)];
    const std::int64_t assigned = assigned_[static_cast<std::size_t>(n.deepest)];
    if (known.at != assigned) {
        const std::int64_t lhs = evaluate(n.lhs);
        if (n.shift >= 0) {
            // Rounding down is what shifting a two's complement number does.
            known.value = n.op == ExprOp::Div ? lhs >> n.shift : lhs & ((std::int64_t{1} << n.shift) - 1);
        } else {
            known.value = fold_constants(n.op, lhs, evaluate(n.rhs));
        }
        known.at = assigned;
    }
    return known.value;
}

void FlowRun::evaluate_varying(const ResolvedOp& op, Index count, OpInstance& out) const {
    const FoldedExpr* exprs = flow_->exprs.data() + op.first;
    const std::uint8_t* position = flow_->varying.data() + op.varying;
    for (Index i = 0; i < count; ++i, ++position) {
        if (*position == signal_varies) {
            const FoldedExpr* signal = exprs + op_info(op.fixed.opcode).fields.size();
            set_signal(out, evaluate(signal[0]), evaluate(signal[1]), evaluate(signal[2]));
        } else {
            out.values[*position] = evaluate(exprs[*position]);
        }
    }
}

void FlowRun::name_counters(const Instruction& instruction, const FoldedExpr* expr) {
    const bool await = instruction.kind == Instruction::Kind::Await;
    step_.kind = await ? Step::Kind::Await : Step::Kind::Signal;
    if (instruction.fixed) {
        step_.base = instruction.base;
        step_.counter = instruction.counter;
        step_.count = instruction.count;
    } else {
        step_.base = counter_number(evaluate(expr[0]), 0);
        step_.counter = counter_number(evaluate(expr[0]), evaluate(expr[1]));
        step_.count = await ? counter_count(evaluate(expr[2])) : 1;
    }
    step_.value = evaluate(expr[await ? 3 : 2]);
}

void FlowRun::spend() {
    if (--turns_ < 0) {
        throw RunTooLong();
    }
}

const Step& FlowRun::next() {
    while (true) {
        const Instruction& instruction = flow_->code[at_];
        const FoldedExpr* expr = flow_->exprs.data() + instruction.first;
        step_.line = instruction.line;
        const auto variable = static_cast<std::size_t>(instruction.variable);
        switch (instruction.kind) {
            case Instruction::Kind::LoopBegin:
                variables_[variable] = evaluate(expr[0]);
                ends_[variable] = evaluate(expr[1]);
                assigned_[variable] = ++assignments_;
                at_ = variables_[variable] < ends_[variable] ? at_ + 1 : static_cast<std::size_t>(instruction.target);
                spend();
                continue;
            case Instruction::Kind::LoopEnd:
                assigned_[variable] = ++assignments_;
                at_ = ++variables_[variable] < ends_[variable] ? static_cast<std::size_t>(instruction.target) : at_ + 1;
                spend();
                continue;
            case Instruction::Kind::Await:
            case Instruction::Kind::Signal: name_counters(instruction, expr); break;
            case Instruction::Kind::Ops:
                step_.kind = Step::Kind::Ops;
                if (positions_ || instruction.amounts_vary) {
                    for (Index i = instruction.first; i < instruction.first + instruction.count; ++i) {
                        const ResolvedOp& op = flow_->ops[static_cast<std::size_t>(i)];
                        evaluate_varying(op, positions_ ? op.varying_count : op.varying_amounts, ops_[static_cast<std::size_t>(i)]);
                    }
                }
                step_.ops = ops_.data() + instruction.first;
                step_.first_op = instruction.first;
                step_.op_count = instruction.count;
                break;
            case Instruction::Kind::End: step_.kind = Step::Kind::End; return step_;
        }
        ++at_;
        return step_;
    }
}

}  // namespace cim::isa
