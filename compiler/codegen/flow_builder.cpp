#include "compiler/codegen/flow_builder.h"

#include <algorithm>
#include <cstring>
#include <stdexcept>

#include "isa/expr_pool.h"

namespace cim::compiler {

namespace {

constexpr std::uint64_t mixer = 0x9E3779B97F4A7C15ULL;

/// Of a name, quickly: names are short, and are compared besides.
std::uint64_t hash_of(std::string_view name) {
    std::uint64_t first = 0;
    std::uint64_t last = 0;
    if (name.size() >= sizeof first) {
        std::memcpy(&first, name.data(), sizeof first);
        std::memcpy(&last, name.data() + name.size() - sizeof last, sizeof last);
    } else {
        for (const char c : name) {
            first = first << 8U | static_cast<unsigned char>(c);
        }
    }
    const std::uint64_t hash = (first ^ name.size()) * mixer ^ last * (mixer << 1U | 1U);
    return hash ^ hash >> 32U;
}

Ex binary(isa::ExprOp op, Ex a, Ex b) {
    return a.builder().expression({op, 0, a.ref(), b.ref()});
}

}  // namespace

Ex operator+(Ex a, Ex b) {
    return binary(isa::ExprOp::Add, a, b);
}
Ex operator-(Ex a, Ex b) {
    return binary(isa::ExprOp::Sub, a, b);
}
Ex operator*(Ex a, Ex b) {
    return binary(isa::ExprOp::Mul, a, b);
}
Ex operator+(Ex a, std::int64_t b) {
    return a + a.builder().constant(b);
}
Ex operator-(Ex a, std::int64_t b) {
    return a - a.builder().constant(b);
}
Ex operator*(Ex a, std::int64_t b) {
    return a * a.builder().constant(b);
}
Ex div(Ex a, Ex b) {
    return binary(isa::ExprOp::Div, a, b);
}
Ex mod(Ex a, Ex b) {
    return binary(isa::ExprOp::Mod, a, b);
}
Ex min(Ex a, Ex b) {
    return binary(isa::ExprOp::Min, a, b);
}

Ex max(Ex a, Ex b) {
    return binary(isa::ExprOp::Max, a, b);
}

// ---- ProgramBuilder -----------------------------------------------------------------------------------------------------------

isa::Index ProgramBuilder::buffer(const std::string& name, int place, std::int64_t offset, std::int64_t size) {
    program.buffers.push_back({this->name(name), place == isa::chip ? isa::Space::L0 : isa::Space::L1, place, offset, size, segment});
    return static_cast<isa::Index>(program.buffers.size()) - 1;
}

isa::Index ProgramBuilder::kept(const std::string& name, int place, std::int64_t offset, std::int64_t size, isa::Index first,
                                isa::Index last) {
    program.buffers.push_back({name, place == isa::chip ? isa::Space::L0 : isa::Space::L1, place, offset, size, first, last - first});
    return static_cast<isa::Index>(program.buffers.size()) - 1;
}

isa::Index ProgramBuilder::external(const std::string& name, std::int64_t offset, std::int64_t size) {
    program.buffers.push_back({name, isa::Space::Ext, isa::chip, offset, size, isa::whole_run});
    return static_cast<isa::Index>(program.buffers.size()) - 1;
}

isa::Index ProgramBuilder::counter(const std::string& name, std::int64_t size, int place, isa::CounterRole role) {
    program.counters.push_back({this->name(name), static_cast<isa::Index>(size), place, role});
    return static_cast<isa::Index>(program.counters.size()) - 1;
}

isa::Index ProgramBuilder::intern(isa::Template body, std::uint64_t hash) {
    Kind& kind = kinds_[body.name];
    for (const Written& written : kind.written) {
        if (written.hash == hash && written.body == body) {
            return written.index;
        }
    }
    kind.written.push_back({hash, body, -1});
    isa::Index& found = kind.written.back().index;
    isa::canonicalise(body);
    const std::string name = body.name;
    for (const isa::Index index : kind.templates) {
        const isa::Template& known = program.templates[static_cast<std::size_t>(index)];
        body.name = known.name;
        if (known == body) {
            found = index;
            return index;
        }
    }
    body.name = kind.templates.empty() ? name : name + "." + std::to_string(kind.templates.size());
    program.templates.push_back(std::move(body));
    found = static_cast<isa::Index>(program.templates.size()) - 1;
    kind.templates.push_back(found);
    return found;
}

// ---- FlowBuilder --------------------------------------------------------------------------------------------------------------

FlowBuilder::FlowBuilder(ProgramBuilder& program, const std::string& kind, const std::string& name, int op, int place, isa::Engine engine,
                         bool setup)
    : program_(program), target_(&body_.body) {
    by_hash_.fill(-1);
    // Most bodies have no more; growing step by step would be felt, there is one a flow.
    body_.exprs.reserve(256);
    body_.stmts.reserve(32);
    body_.params.reserve(48);
    params_.reserve(48);
    flow_.args.reserve(48);
    body_.name = kind;
    flow_.name = program.name(name);
    flow_.op = op;
    flow_.place = place;
    flow_.engine = engine;
    flow_.segment = setup ? isa::setup : std::max(0, program.segment);
}

Ex FlowBuilder::argument(std::string_view name, const isa::Arg& arg) {
    const std::uint64_t hash = hash_of(name);
    int& last = by_hash_[hash % by_hash_.size()];
    for (int i = last; i >= 0; i = params_[static_cast<std::size_t>(i)].next) {
        const auto known = static_cast<std::size_t>(i);
        if (params_[known].hash == hash && body_.params[known] == name) {
            if (!(flow_.args[known] == arg)) {
                throw std::logic_error("parameter '" + std::string(name) + "' of template '" + body_.name +
                                       "' given twice with different values");
            }
            return {*this, params_[known].ref};
        }
    }
    params_.push_back({hash, expression({isa::ExprOp::Param, static_cast<std::int64_t>(body_.params.size()), -1, -1}).ref(), last});
    last = static_cast<int>(params_.size()) - 1;
    body_.params.emplace_back(name);
    flow_.args.push_back(arg);
    return {*this, params_.back().ref};
}

Ex FlowBuilder::expression(const isa::ExprNode& node) {
    hash_ = (hash_ ^ static_cast<std::uint64_t>(node.value) ^ static_cast<std::uint64_t>(node.op) << 56U) * mixer;
    hash_ =
        (hash_ ^ static_cast<std::uint32_t>(node.lhs) ^ static_cast<std::uint64_t>(static_cast<std::uint32_t>(node.rhs)) << 32U) * mixer;
    hash_ ^= hash_ >> 29U;
    body_.exprs.push_back(node);
    return {*this, static_cast<isa::ExprRef>(body_.exprs.size()) - 1};
}

isa::Index FlowBuilder::add(isa::Stmt stmt) {
    hash_ = (hash_ ^ static_cast<std::uint64_t>(stmt.kind) << 8U ^ static_cast<std::uint64_t>(stmt.opcode)) * mixer;
    body_.stmts.push_back(std::move(stmt));
    const auto index = static_cast<isa::Index>(body_.stmts.size()) - 1;
    target_->push_back(index);
    return index;
}

std::vector<isa::Index> FlowBuilder::nested(const std::function<void()>& fill) {
    std::vector<isa::Index> inside;
    inside.reserve(8);
    std::vector<isa::Index>* const outside = target_;
    target_ = &inside;
    fill();
    target_ = outside;
    return inside;
}

void FlowBuilder::loop(const std::string& variable, Ex begin, Ex end, const Body& body) {
    isa::Stmt stmt;
    stmt.kind = isa::StmtKind::For;
    stmt.variable = variable;
    stmt.exprs = {begin.ref(), end.ref()};
    const isa::Index index = add(std::move(stmt));
    const Ex value = expression({isa::ExprOp::Var, depth_, -1, -1});
    ++depth_;
    std::vector<isa::Index> inside = nested([&] { body(value); });
    --depth_;
    body_.stmts[static_cast<std::size_t>(index)].body = std::move(inside);
}

void FlowBuilder::await_at(Ex counter, Ex index, Ex count, Ex value) {
    isa::Stmt stmt;
    stmt.kind = isa::StmtKind::Await;
    stmt.exprs = {counter.ref(), index.ref(), count.ref(), value.ref()};
    add(std::move(stmt));
}

void FlowBuilder::signal_at(Ex counter, Ex index, Ex amount) {
    isa::Stmt stmt;
    stmt.kind = isa::StmtKind::Signal;
    stmt.exprs = {counter.ref(), index.ref(), amount.ref()};
    add(std::move(stmt));
}

void FlowBuilder::op(isa::Opcode opcode, std::initializer_list<Field> fields, const Signal* signal) {
    op(opcode, std::vector<Field>(fields), signal);
}

void FlowBuilder::op(isa::Opcode opcode, const std::vector<Field>& fields, const Signal* signal) {
    const isa::OpInfo& info = isa::op_info(opcode);
    isa::Stmt stmt;
    stmt.kind = isa::StmtKind::Op;
    stmt.opcode = opcode;
    stmt.exprs.reserve(info.fields.size() + (signal != nullptr ? 3 : 0));
    std::size_t used = 0;
    auto next = fields.begin();  // most are given in the order of the table
    for (const isa::FieldInfo& field : info.fields) {
        const auto named = [&](const Field& given) { return given.first == field.name; };
        const auto given = next != fields.end() && named(*next) ? next : std::find_if(fields.begin(), fields.end(), named);
        if (given == fields.end()) {
            stmt.exprs.push_back(constant(field.default_value.value()).ref());
        } else {
            stmt.exprs.push_back(given->second.ref());
            next = std::next(given);
            ++used;
        }
    }
    if (used != fields.size()) {
        throw std::logic_error("a field that " + std::string(info.text) + " does not have");
    }
    if (signal != nullptr) {
        stmt.signals = true;
        stmt.exprs.insert(stmt.exprs.end(), {signal->counter.ref(), signal->index.ref(), signal->amount.ref()});
    }
    add(std::move(stmt));
}

void FlowBuilder::parallel(const std::function<void()>& body) {
    isa::Stmt stmt;
    stmt.kind = isa::StmtKind::Parallel;
    const isa::Index index = add(std::move(stmt));
    std::vector<isa::Index> inside = nested(body);
    if (inside.size() == 1) {
        // One operator needs no block around it. It stands right behind the block's own statement.
        body_.stmts[static_cast<std::size_t>(index)] = body_.stmts[static_cast<std::size_t>(inside[0])];
        body_.stmts.pop_back();
        return;
    }
    body_.stmts[static_cast<std::size_t>(index)].body = std::move(inside);
}

void FlowBuilder::finish() {
    flow_.body = program_.intern(std::move(body_), hash_);
    program_.program.flows.push_back(std::move(flow_));
}

}  // namespace cim::compiler
