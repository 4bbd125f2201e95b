#include "isa/semantics/programming.h"

#include <algorithm>

#include "isa/interpreter/resolved.h"

namespace cim::isa {

namespace {

bool writes(Opcode opcode) {
    return opcode == Opcode::WriteXb || opcode == Opcode::WriteRow;
}

}  // namespace

std::vector<CrossbarWrite> crossbar_writes(const Program& program) {
    std::vector<bool> template_writes;
    for (const Template& body : program.templates) {
        template_writes.push_back(std::any_of(body.stmts.begin(), body.stmts.end(),
                                              [](const Stmt& stmt) { return stmt.kind == StmtKind::Op && writes(stmt.opcode); }));
    }
    std::vector<CrossbarWrite> found;
    for (Index id = 0; id < static_cast<Index>(program.flows.size()); ++id) {
        const Flow& flow = program.flows[static_cast<std::size_t>(id)];
        if (!template_writes[static_cast<std::size_t>(flow.body)]) {
            continue;
        }
        const ResolvedFlow code = resolve(program, id, 1);
        FlowRun run(code);
        for (const Step* step = &run.next(); step->kind != Step::Kind::End; step = &run.next()) {
            for (Index i = 0; step->kind == Step::Kind::Ops && i < step->op_count; ++i) {
                if (writes(step->ops[i].opcode)) {
                    found.push_back({id, flow.place, static_cast<Index>(step->ops[i][0])});
                }
            }
        }
    }
    return found;
}

}  // namespace cim::isa
