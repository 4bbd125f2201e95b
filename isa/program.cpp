#include "isa/program.h"

#include <algorithm>

#include "isa/semantics/programming.h"

namespace cim::isa {

Index Program::counter_base(Index array) const {
    Index base = 0;
    for (Index i = 0; i < array; ++i) {
        base += counters[static_cast<std::size_t>(i)].size;
    }
    return base;
}

Index Program::counter_count() const {
    return counter_base(static_cast<Index>(counters.size()));
}

Index Program::segment_count() const {
    Index last = 0;
    for (const Flow& flow : flows) {
        last = std::max(last, flow.segment);
    }
    return last + 1;
}

bool Program::rewrites() const {
    std::vector<bool> writes;
    for (const Template& body : templates) {
        writes.push_back(std::any_of(body.stmts.begin(), body.stmts.end(),
                                     [](const Stmt& stmt) { return stmt.kind == StmtKind::Op && writes_crossbar(stmt.opcode); }));
    }
    return std::any_of(flows.begin(), flows.end(),
                       [&](const Flow& flow) { return flow.segment != setup && writes[static_cast<std::size_t>(flow.body)]; });
}

std::vector<std::vector<Index>> Program::flows_by_segment() const {
    std::vector<std::vector<Index>> result(static_cast<std::size_t>(segment_count() - setup));
    for (std::size_t i = 0; i < flows.size(); ++i) {
        result[static_cast<std::size_t>(flows[i].segment - setup)].push_back(static_cast<Index>(i));
    }
    return result;
}

std::int64_t Program::value_of(const Arg& arg) const {
    switch (arg.kind) {
        case ArgKind::Buffer: return buffers[static_cast<std::size_t>(arg.value)].offset;
        case ArgKind::Counter: return counter_base(static_cast<Index>(arg.value));
        case ArgKind::Int:
        case ArgKind::Weight:
        case ArgKind::Param:
        case ArgKind::Slice: break;
    }
    return arg.value;
}

bool operator==(const Stmt& a, const Stmt& b) {
    return a.kind == b.kind && (a.kind != StmtKind::Op || a.opcode == b.opcode) && a.exprs == b.exprs && a.body == b.body &&
           a.signals == b.signals && a.variable == b.variable;
}

bool operator==(const Template& a, const Template& b) {
    return a.name == b.name && a.params == b.params && a.exprs == b.exprs && a.stmts == b.stmts && a.body == b.body;
}

bool operator==(const Program& a, const Program& b) {
    return a.name == b.name && a.machine == b.machine && a.machine_hash == b.machine_hash && a.mode == b.mode && a.level == b.level &&
           a.power_limit_uw == b.power_limit_uw && a.batch_limit == b.batch_limit && a.operators == b.operators && a.inputs == b.inputs &&
           a.outputs == b.outputs && a.spills == b.spills && a.buffers == b.buffers && a.counters == b.counters && a.weights == b.weights &&
           a.params == b.params && a.slices == b.slices && a.templates == b.templates && a.flows == b.flows;
}

}  // namespace cim::isa
