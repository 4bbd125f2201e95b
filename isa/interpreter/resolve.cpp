#include <optional>

#include <fmt/format.h>

#include "isa/interpreter/arithmetic.h"
#include "isa/interpreter/template_resolver.h"

namespace cim::isa {

namespace {

/// Makes flows, each template once.
class Resolver {
  public:
    Resolver(const Program& program, std::int64_t batch, Detail detail)
        : program_(program), batch_(batch), detail_(detail), plans_(program.templates.size()) {
        Index next = 0;
        for (const CounterArray& array : program.counters) {
            counter_bases_.push_back(next);
            next += array.size;
        }
    }

    ResolvedFlow run(Index number) {
        const Flow& flow = program_.flows[static_cast<std::size_t>(number)];
        std::optional<TemplatePlan>& plan = plans_[static_cast<std::size_t>(flow.body)];
        if (!plan) {
            const Template& body = program_.templates[static_cast<std::size_t>(flow.body)];
            plan = TemplateResolver(body, flow.name, flow.args.size(), batch_, detail_).run();
        }
        slots_ = plan->slots;
        for (std::size_t i = 0; i < flow.args.size(); ++i) {
            const Arg& arg = flow.args[i];
            slots_[i] = arg.kind == ArgKind::Counter ? counter_bases_[static_cast<std::size_t>(arg.value)] : program_.value_of(arg);
        }
        compute(*plan, flow);
        ResolvedFlow out;
        out.id = number;
        out.body = plan->body;
        out.values.reserve(plan->gathered.size());
        for (const Slot slot : plan->gathered) {
            out.values.push_back(slots_[static_cast<std::size_t>(slot)]);
        }
        out.ops = plan->ops;
        for (const TemplatePlan::Base& base : plan->bases) {
            out.ops[static_cast<std::size_t>(base.op)].base = counter_number(slots_[static_cast<std::size_t>(base.slot)]);
        }
        for (const TemplatePlan::Field& field : plan->fixed_fields) {
            set_field(out.ops[static_cast<std::size_t>(field.op)], field.value, slots_.data());
        }
        return out;
    }

  private:
    void compute(const TemplatePlan& plan, const Flow& flow) {
        for (const TemplatePlan::Computation& c : plan.computations) {
            const std::int64_t rhs = slots_[static_cast<std::size_t>(c.rhs)];
            if ((c.op == ExprOp::Div || c.op == ExprOp::Mod) && rhs < 1) {
                throw ProgramError(fmt::format("flow '{}', line {}: {} by {}; the divisor must be a constant of 1 or more", flow.name,
                                               c.line, c.op == ExprOp::Div ? "div" : "mod", rhs));
            }
            if (c.slot >= 0) {
                slots_[static_cast<std::size_t>(c.slot)] = fold_constants(c.op, slots_[static_cast<std::size_t>(c.lhs)], rhs);
            }
        }
    }

    const Program& program_;
    const std::int64_t batch_;
    const Detail detail_;
    std::vector<Index> counter_bases_;
    std::vector<std::optional<TemplatePlan>> plans_;
    std::vector<std::int64_t> slots_;  ///< of the flow at hand
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
