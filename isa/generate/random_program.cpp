#include "isa/generate/random_program.h"

#include <fmt/format.h>

#include "isa/bounds.h"
#include "isa/expr_pool.h"
#include "isa/generate/dice.h"

namespace cim::isa {

namespace {

/// Fills one template.
class BodyMaker {
  public:
    explicit BodyMaker(Dice& dice) : dice_(dice), pool_(body_.exprs) {}

    Template run(std::string name) {
        body_.name = std::move(name);
        for (std::int64_t i = dice_.roll(0, 5); i > 0; --i) {
            body_.params.push_back(fmt::format("p{}", i));
        }
        body_.body = block(0);
        canonicalise(body_);
        return std::move(body_);
    }

  private:
    std::vector<Index> block(Index depth) {
        std::vector<Index> list;
        for (std::int64_t i = dice_.roll(depth == 0 ? 1 : 0, 4); i > 0 && body_.stmts.size() < 60; --i) {
            list.push_back(add(statement(depth)));
        }
        return list;
    }

    Index add(Stmt stmt) {
        body_.stmts.push_back(std::move(stmt));
        return static_cast<Index>(body_.stmts.size() - 1);
    }

    Stmt statement(Index depth) {
        Stmt stmt;
        switch (dice_.roll(0, 6)) {
            case 0:
            case 1:
                if (depth < 5) {
                    stmt.kind = StmtKind::For;
                    stmt.variable = fmt::format("v{}", depth);
                    stmt.exprs = {expression(depth, 2), expression(depth, 2)};
                    stmt.body = block(depth + 1);
                    return stmt;
                }
                [[fallthrough]];
            case 2:
                stmt.kind = StmtKind::Await;
                stmt.exprs = {expression(depth, 1), expression(depth, 2), dice_.once_in(2) ? pool_.constant(1) : expression(depth, 1),
                              expression(depth, 3)};
                return stmt;
            case 3:
                stmt.kind = StmtKind::Signal;
                stmt.exprs = {expression(depth, 1), expression(depth, 2), expression(depth, 1)};
                return stmt;
            case 4:
                stmt.kind = StmtKind::Parallel;
                for (std::int64_t i = dice_.roll(0, 3); i > 0; --i) {
                    stmt.body.push_back(add(op(depth)));
                }
                return stmt;
            default: return op(depth);
        }
    }

    Stmt op(Index depth) {
        const auto& table = op_table();
        const OpInfo& info = table[static_cast<std::size_t>(dice_.roll(0, static_cast<std::int64_t>(table.size()) - 1))];
        Stmt stmt;
        stmt.opcode = info.opcode;
        for (const FieldInfo& field : info.fields) {
            const bool plain = field.default_value && !dice_.once_in(3);
            stmt.exprs.push_back(plain ? pool_.constant(*field.default_value) : expression(depth, 3));
        }
        if (info.timing == Timing::Async && !dice_.once_in(4)) {
            stmt.signals = true;
            for (int i = 0; i < 3; ++i) {
                stmt.exprs.push_back(expression(depth, 1));
            }
        }
        return stmt;
    }

    ExprRef leaf(Index depth, bool with_variables = true) {
        switch (dice_.roll(0, 3)) {
            case 0:
                if (!body_.params.empty()) {
                    return pool_.param(static_cast<Index>(dice_.roll(0, static_cast<std::int64_t>(body_.params.size()) - 1)));
                }
                break;
            case 1:
                if (depth > 0 && with_variables) {
                    return pool_.variable(static_cast<Index>(dice_.roll(0, depth - 1)));
                }
                break;
            case 2:
                if (dice_.once_in(4)) {
                    return pool_.batch();
                }
                break;
            default: break;
        }
        return pool_.constant(dice_.once_in(20) ? static_cast<std::int64_t>(dice_.bits()) : dice_.roll(-9, 300));
    }

    ExprRef expression(Index depth, int levels, bool with_variables = true) {
        if (levels == 0 || dice_.once_in(2)) {
            return leaf(depth, with_variables);
        }
        const auto op = static_cast<ExprOp>(dice_.roll(static_cast<int>(ExprOp::Add), static_cast<int>(ExprOp::Max)));
        const bool divides = op == ExprOp::Div || op == ExprOp::Mod;
        const ExprRef lhs = expression(depth, levels - 1, with_variables);
        return pool_.binary(op, lhs, expression(depth, levels - 1, with_variables && !divides));
    }

    Dice& dice_;
    Template body_;
    ExprPool pool_;
};

class ProgramMaker {
  public:
    explicit ProgramMaker(std::uint64_t seed) : dice_(seed) {}

    Program run() {
        p_.name = text();
        p_.machine = text();
        p_.machine_hash = dice_.once_in(4) ? "" : fmt::format("{:016x}", dice_.bits());
        p_.mode = static_cast<Mode>(dice_.roll(0, 2));
        if (dice_.once_in(2)) {
            p_.level = static_cast<Level>(dice_.roll(0, 3));
        }
        if (dice_.once_in(4)) {
            p_.power_limit_uw = dice_.roll(1, max_power_uw);
        }
        if (dice_.once_in(4)) {
            p_.batch_limit = dice_.roll(1, max_number);
        }
        tables();
        for (std::int64_t i = dice_.roll(1, 3); i > 0; --i) {
            p_.templates.push_back(BodyMaker(dice_).run(name()));
        }
        for (std::int64_t i = dice_.roll(1, 4); i > 0; --i) {
            p_.flows.push_back(flow());
        }
        return std::move(p_);
    }

  private:
    template <typename Table>
    Index any(const Table& table) {
        return static_cast<Index>(dice_.roll(0, static_cast<std::int64_t>(table.size()) - 1));
    }
    std::int64_t size() { return dice_.once_in(10) ? static_cast<std::int64_t>(dice_.bits() >> 2) : dice_.roll(0, 5000); }
    std::int32_t number() {
        return static_cast<std::int32_t>(dice_.once_in(10) ? static_cast<std::int64_t>(dice_.bits() >> 33) : dice_.roll(-200, 300));
    }
    float real() { return static_cast<float>(dice_.roll(1, 1 << 30)) / static_cast<float>(dice_.roll(1, 1 << 30)); }
    Index place() { return static_cast<Index>(dice_.roll(-1, 40)); }

    std::string name() {
        constexpr std::string_view tails[] = {"", ".a", "-b", "/c", "_d", ".e.f-g/h"};
        return fmt::format("n{}{}", names_++, tails[dice_.roll(0, 5)]);
    }

    std::string text() {
        constexpr std::string_view pieces[] = {"conv", " ", "\"", "\\", ":", "#", "\xC3\xA4", "{", "/0", "\xE2\x82\xAC"};
        std::string out = fmt::format("t{}", names_++);
        for (std::int64_t i = dice_.roll(0, 3); i > 0; --i) {
            out += pieces[dice_.roll(0, 9)];
        }
        return out;
    }

    Tensor tensor() {
        Tensor t;
        t.name = text();
        for (std::int64_t i = dice_.roll(1, 4); i > 0; --i) {
            t.shape.push_back(dice_.roll(1, 300));
        }
        t.scale = real();
        t.zero = number();
        t.ext_offset = size();
        t.size = size();
        return t;
    }

    void tables() {
        for (std::int64_t i = dice_.roll(1, 3); i > 0; --i) {
            p_.operators.push_back({text(), text()});
        }
        for (std::int64_t i = dice_.roll(0, 2); i > 0; --i) {
            p_.inputs.push_back(tensor());
            p_.outputs.push_back(tensor());
        }
        for (std::int64_t i = dice_.roll(0, 4); i > 0; --i) {
            const auto space = static_cast<Space>(dice_.roll(0, 2));
            p_.buffers.push_back({name(), space, space == Space::L1 ? static_cast<Index>(dice_.roll(0, 40)) : chip, size(), size()});
            if (dice_.once_in(2)) {
                p_.buffers.back().segment = static_cast<Index>(dice_.roll(0, 9));
                p_.buffers.back().later = static_cast<Index>(dice_.roll(0, 2));
            }
            p_.counters.push_back({name(), static_cast<Index>(dice_.roll(1, 9)), place(), static_cast<CounterRole>(dice_.roll(0, 1))});
        }
        for (std::int64_t i = dice_.roll(0, 3); i > 0; --i) {
            p_.weights.push_back(weight());
            p_.params.push_back(param());
        }
        for (std::int64_t i = p_.weights.empty() ? 0 : dice_.roll(0, 2); i > 0; --i) {
            const bool requantises = dice_.roll(0, 3) > 0;
            Slice slice{name(),
                        requantises ? any(p_.params) : no_param,
                        static_cast<Index>(dice_.roll(0, 1) * dice_.roll(0, 64)),
                        static_cast<Index>(dice_.roll(0, 64)),
                        {}};
            for (std::int64_t j = dice_.roll(0, 3); j > 0; --j) {
                slice.tiles.push_back({static_cast<Index>(dice_.roll(0, 15)), any(p_.weights), static_cast<Index>(dice_.roll(0, 99)),
                                       static_cast<Index>(dice_.roll(0, 99))});
            }
            p_.slices.push_back(std::move(slice));
        }
    }

    Weight weight() {
        Weight w;
        w.name = name();
        w.rows = static_cast<Index>(dice_.roll(1, 6));
        w.cols = static_cast<Index>(dice_.roll(1, 6));
        w.bits = static_cast<Index>(dice_.roll(1, 16));
        w.ext_offset = size();
        const std::int64_t bound = std::int64_t{1} << (w.bits - 1);
        for (std::int64_t i = std::int64_t{w.rows} * w.cols; i > 0; --i) {
            w.values.push_back(static_cast<std::int16_t>(dice_.roll(-bound, bound - 1)));
        }
        return w;
    }

    Param param() {
        Param p;
        p.name = name();
        for (std::int64_t i = dice_.roll(0, 6); i > 0; --i) {
            p.bias.push_back(static_cast<std::int32_t>(dice_.bits() >> 32));
        }
        for (std::int64_t i = dice_.roll(0, 6); i > 0; --i) {
            p.scale.push_back(real());
        }
        for (std::size_t i = dice_.once_in(3) ? p.scale.size() : 0; i > 0; --i) {
            p.negative_scale.push_back(-real());
        }
        p.zero = number();
        p.lo = number();
        p.hi = number();
        return p;
    }

    Flow flow() {
        Flow f;
        f.name = name();
        f.op = any(p_.operators);
        f.place = place();
        f.engine = static_cast<Engine>(dice_.roll(0, engine_count - 1));
        f.segment = static_cast<Index>(dice_.roll(setup, 3));
        f.body = any(p_.templates);
        for (std::size_t i = p_.templates[static_cast<std::size_t>(f.body)].params.size(); i > 0; --i) {
            f.args.push_back(arg());
        }
        return f;
    }

    Arg arg() {
        switch (dice_.roll(0, 5)) {
            case 0:
                if (!p_.buffers.empty()) {
                    return dice_.once_in(2) ? Arg{ArgKind::Buffer, any(p_.buffers)} : Arg{ArgKind::Counter, any(p_.counters)};
                }
                break;
            case 1:
                if (!p_.weights.empty()) {
                    return dice_.once_in(2) ? Arg{ArgKind::Weight, any(p_.weights)} : Arg{ArgKind::Param, any(p_.params)};
                }
                break;
            case 2:
                if (!p_.slices.empty()) {
                    return {ArgKind::Slice, any(p_.slices)};
                }
                break;
            default: break;
        }
        return {ArgKind::Int, dice_.once_in(10) ? static_cast<std::int64_t>(dice_.bits()) : dice_.roll(-100, 5000)};
    }

    Dice dice_;
    Program p_;
    int names_ = 0;
};

}  // namespace

Program random_program(std::uint64_t seed) {
    return ProgramMaker(seed).run();
}

}  // namespace cim::isa
