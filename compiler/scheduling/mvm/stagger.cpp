#include "compiler/scheduling/mvm/stagger.h"

#include <vector>

#include "isa/expr_pool.h"

namespace cim::compiler {

namespace {

/// `body` with the operators of its parallel blocks in place of the blocks.
std::vector<isa::Index> in_a_row(const std::vector<isa::Index>& body, const std::vector<isa::Stmt>& statements) {
    std::vector<isa::Index> row;
    for (const isa::Index index : body) {
        const isa::Stmt& statement = statements[static_cast<std::size_t>(index)];
        if (statement.kind == isa::StmtKind::Parallel) {
            row.insert(row.end(), statement.body.begin(), statement.body.end());
        } else {
            row.push_back(index);
        }
    }
    return row;
}

}  // namespace

void stagger(isa::Program& program) {
    for (isa::Template& code : program.templates) {
        for (isa::Stmt& statement : code.stmts) {
            if (statement.kind == isa::StmtKind::For) {
                statement.body = in_a_row(statement.body, code.stmts);
            }
        }
        code.body = in_a_row(code.body, code.stmts);
        isa::canonicalise(code);
    }
}

}  // namespace cim::compiler
