#include "isa/text/body_parser.h"

#include <algorithm>
#include <limits>

#include <fmt/format.h>

#include "isa/bounds.h"
#include "isa/names.h"
#include "isa/text/suggest.h"

namespace cim::isa {

namespace {

constexpr std::int64_t lowest = std::numeric_limits<std::int64_t>::min();
constexpr std::int64_t highest = std::numeric_limits<std::int64_t>::max();

std::string unknown_op(std::string_view name) {
    std::vector<std::string_view> known{"for", "await", "signal", "parallel"};
    for (const OpInfo& info : op_table()) {
        known.push_back(info.text);
    }
    return fmt::format("unknown operator '{}'{}", name, suggestion(name, known));
}

std::string unknown_field(const OpInfo& info, std::string_view name) {
    std::vector<std::string_view> known;
    for (const FieldInfo& field : info.fields) {
        known.push_back(field.name);
    }
    return fmt::format("{} has no field '{}'{}", info.text, name, suggestion(name, known));
}

}  // namespace

Template BodyParser::run() {
    body_.name = in_.name("the template's name").text;
    params();
    in_.expect("{");
    body_.body = block();
    canonicalise(body_);
    return std::move(body_);
}

void BodyParser::params() {
    in_.expect("(");
    while (!in_.at(")")) {
        const Token name = in_.name("a parameter's name");
        declare(name, "parameter");
        body_.params.emplace_back(name.text);
        if (!in_.at(")")) {
            in_.expect(",");
        }
    }
    in_.expect(")");
}

void BodyParser::declare(const Token& name, const char* what) {
    if (is_reserved(name.text)) {
        in_.fail(name, fmt::format("'{}' cannot be the name of a {}", name.text, what));
    }
    const auto taken = [&](const std::vector<std::string>& names) {
        return std::find(names.begin(), names.end(), name.text) != names.end();
    };
    if (taken(body_.params) || taken(variables_)) {
        in_.fail(name, fmt::format("{} '{}' hides another of that name", what, name.text));
    }
}

std::vector<Index> BodyParser::block() {
    std::vector<Index> list;
    while (!in_.accept("}")) {
        list.push_back(statement());
    }
    return list;
}

Index BodyParser::statement() {
    const Token first = in_.name("a statement or '}'");
    Stmt stmt;
    stmt.line = first.line;
    if (first.text == "for") {
        loop(stmt);
    } else if (first.text == "await") {
        await(stmt);
    } else if (first.text == "signal") {
        stmt.kind = StmtKind::Signal;
        signal(stmt.exprs);
    } else if (first.text == "parallel") {
        parallel(stmt);
    } else {
        op(stmt, first);
    }
    body_.stmts.push_back(std::move(stmt));
    return static_cast<Index>(body_.stmts.size() - 1);
}

void BodyParser::loop(Stmt& stmt) {
    stmt.kind = StmtKind::For;
    const Token name = in_.name("the loop variable");
    declare(name, "loop variable");
    if (variables_.size() == static_cast<std::size_t>(max_loop_depth)) {
        in_.fail(name, fmt::format("more than {} loops in one another", max_loop_depth));
    }
    in_.expect("in");
    stmt.exprs.push_back(expression());
    in_.expect("..");
    stmt.exprs.push_back(expression());
    in_.expect("{");
    stmt.variable = name.text;
    variables_.emplace_back(name.text);
    stmt.body = block();
    variables_.pop_back();
}

void BodyParser::await(Stmt& stmt) {
    stmt.kind = StmtKind::Await;
    stmt.exprs.push_back(primary());
    in_.expect("[");
    stmt.exprs.push_back(expression());
    stmt.exprs.push_back(in_.accept(",") ? expression() : pool_.constant(1));
    in_.expect("]");
    in_.expect(">=");
    stmt.exprs.push_back(expression());
}

void BodyParser::signal(std::vector<ExprRef>& exprs) {
    exprs.push_back(primary());
    in_.expect("[");
    exprs.push_back(expression());
    in_.expect("]");
    in_.expect("+=");
    exprs.push_back(expression());
}

void BodyParser::op(Stmt& stmt, const Token& name) {
    const OpInfo* info = find_op(name.text);
    if (info == nullptr) {
        in_.fail(name, unknown_op(name.text));
    }
    stmt.kind = StmtKind::Op;
    stmt.opcode = info->opcode;
    stmt.exprs.assign(info->fields.size(), -1);
    // A name followed by "=" is a field; the next statement begins with a name and something else.
    while (in_.peek().kind == TokenKind::Name && in_.next_is('=')) {
        const Token field = in_.take();
        const int position = info->field(field.text);
        if (position < 0) {
            in_.fail(field, unknown_field(*info, field.text));
        }
        in_.expect("=");
        ExprRef& value = stmt.exprs[static_cast<std::size_t>(position)];
        if (value >= 0) {
            in_.fail(field, fmt::format("field '{}' stands twice", field.text));
        }
        value = expression();
    }
    for (std::size_t i = 0; i < info->fields.size(); ++i) {
        const FieldInfo& field = info->fields[i];
        if (stmt.exprs[i] < 0) {
            if (!field.default_value) {
                in_.fail(name, fmt::format("{} needs field '{}'", info->text, field.name));
            }
            stmt.exprs[i] = pool_.constant(*field.default_value);
        }
    }
    const Token arrow = in_.peek();
    if (in_.accept("=>")) {
        if (info->timing == Timing::Sync) {
            in_.fail(arrow,
                     fmt::format("{} is synchronous: its flow goes on at its completion, so signal in a statement after it", info->text));
        }
        stmt.signals = true;
        signal(stmt.exprs);
    }
}

void BodyParser::parallel(Stmt& stmt) {
    stmt.kind = StmtKind::Parallel;
    in_.expect("{");
    while (!in_.accept("}")) {
        const Token name = in_.name("an operator or '}'");
        Stmt inner;
        inner.line = name.line;
        op(inner, name);
        body_.stmts.push_back(std::move(inner));
        stmt.body.push_back(static_cast<Index>(body_.stmts.size() - 1));
    }
}

ExprRef BodyParser::expression() {
    ExprRef left = product();
    while (in_.at("+") || in_.at("-")) {
        const Token symbol = in_.take();
        left = binary(symbol, symbol.text == "+" ? ExprOp::Add : ExprOp::Sub, left, product());
    }
    return left;
}

ExprRef BodyParser::product() {
    ExprRef left = primary();
    while (true) {
        const Token symbol = in_.peek();
        ExprOp op = ExprOp::Mul;
        if (in_.at("div")) {
            op = ExprOp::Div;
        } else if (in_.at("mod")) {
            op = ExprOp::Mod;
        } else if (!in_.at("*")) {
            return left;
        }
        in_.take();
        left = binary(symbol, op, left, primary());
    }
}

ExprRef BodyParser::primary() {
    const Token token = in_.peek();
    if (token.kind == TokenKind::Number || in_.at("-")) {
        return pool_.constant(in_.number("a number", lowest, highest));
    }
    if (nesting_ == max_expr_depth) {
        in_.fail(fmt::format("an expression nested more than {} deep", max_expr_depth));
    }
    if (in_.accept("(")) {
        ++nesting_;
        const ExprRef inner = expression();
        --nesting_;
        in_.expect(")");
        return inner;
    }
    const Token name = in_.name("a value");
    if (name.text == "min" || name.text == "max") {
        ++nesting_;
        in_.expect("(");
        const ExprRef lhs = expression();
        in_.expect(",");
        const ExprRef rhs = expression();
        in_.expect(")");
        --nesting_;
        return binary(name, name.text == "min" ? ExprOp::Min : ExprOp::Max, lhs, rhs);
    }
    return named(name);
}

ExprRef BodyParser::named(const Token& name) {
    if (name.text == "batch") {
        return pool_.batch();
    }
    const auto find = [&](const std::vector<std::string>& names) {
        const auto at = std::find(names.begin(), names.end(), name.text);
        return at == names.end() ? Index{-1} : static_cast<Index>(at - names.begin());
    };
    if (const Index variable = find(variables_); variable >= 0) {
        return pool_.variable(variable);
    }
    if (const Index param = find(body_.params); param >= 0) {
        return pool_.param(param);
    }
    std::vector<std::string_view> known{"batch"};
    known.insert(known.end(), variables_.begin(), variables_.end());
    known.insert(known.end(), body_.params.begin(), body_.params.end());
    const bool joined = name.text.find('-') != std::string_view::npos;
    in_.fail(name, fmt::format("'{}' is no parameter or loop variable of template '{}'{}{}", name.text, body_.name,
                               suggestion(name.text, known), joined ? "; write spaces around a minus sign" : ""));
}

ExprRef BodyParser::binary(const Token& where, ExprOp op, ExprRef lhs, ExprRef rhs) {
    const ExprRef ref = pool_.binary(op, lhs, rhs);
    if (pool_.depth(ref) > max_expr_depth || pool_.size(ref) > max_expr_size) {
        in_.fail(where, fmt::format("an expression of more than {} nested operators or {} values", max_expr_depth, max_expr_size));
    }
    return ref;
}

}  // namespace cim::isa
