#pragma once
// Parses one template of a program text.

#include <string_view>
#include <vector>

#include "isa/expr_pool.h"
#include "isa/program.h"
#include "isa/text/lexer.h"

namespace cim::isa {

class BodyParser {
  public:
    explicit BodyParser(Lexer& in) : in_(in), pool_(body_.exprs) {}

    /// From the template's name to its closing brace.
    Template run();

  private:
    void params();
    void declare(const Token& name, const char* what);
    std::vector<Index> block();
    Index statement();
    void loop(Stmt& stmt);
    void await(Stmt& stmt);
    void op(Stmt& stmt, const Token& name);
    void parallel(Stmt& stmt);
    /// counter "[" index "]" "+=" amount
    void signal(std::vector<ExprRef>& exprs);

    ExprRef expression();
    ExprRef product();
    ExprRef primary();
    ExprRef named(const Token& name);
    ExprRef binary(const Token& where, ExprOp op, ExprRef lhs, ExprRef rhs);

    Lexer& in_;
    Template body_;
    ExprPool pool_;
    std::vector<std::string> variables_;  ///< of the loops around, outermost first
    int nesting_ = 0;                     ///< of brackets around in an expression
};

}  // namespace cim::isa
