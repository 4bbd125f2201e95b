#include "isa/semantics/programming.h"

#include <algorithm>

#include "isa/interpreter/resolved.h"

namespace cim::isa {

bool writes_crossbar(Opcode opcode) {
    return opcode == Opcode::WriteXb || opcode == Opcode::WriteRow;
}

std::vector<CrossbarWrite> crossbar_writes(const Program& program) {
    std::vector<bool> template_writes;
    for (const Template& body : program.templates) {
        template_writes.push_back(std::any_of(body.stmts.begin(), body.stmts.end(),
                                              [](const Stmt& stmt) { return stmt.kind == StmtKind::Op && writes_crossbar(stmt.opcode); }));
    }
    std::vector<CrossbarWrite> found;
    for (const ResolvedFlow& code : resolve_all(program, 1)) {
        const Flow& flow = program.flows[static_cast<std::size_t>(code.id)];
        if (!template_writes[static_cast<std::size_t>(flow.body)]) {
            continue;
        }
        FlowRun run(code);
        for (const Step* step = &run.next(); step->kind != Step::Kind::End; step = &run.next()) {
            for (Index i = 0; step->kind == Step::Kind::Ops && i < step->op_count; ++i) {
                const OpInstance& op = step->ops[i];
                if (writes_crossbar(op.opcode)) {
                    const auto weight = op[op.opcode == Opcode::WriteXb ? int{field::WriteXb::weight} : int{field::WriteRow::weight}];
                    found.push_back({code.id, flow.place, static_cast<Index>(op[0]), static_cast<Index>(weight)});
                }
            }
        }
    }
    return found;
}

}  // namespace cim::isa
