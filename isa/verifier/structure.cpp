// The rules that hold of a program for a machine without running it.

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "isa/verifier/overlap.h"
#include "isa/verifier/verify.h"

namespace cim::isa {

namespace {

/// What a value must be, told by where it stands.
enum class Want : std::uint8_t { Number, Counter, Local, Remote, L0, Ext, Weight, Param, Slice };

Want want_of(FieldKind kind) {
    switch (kind) {
        case FieldKind::Local: return Want::Local;
        case FieldKind::Remote: return Want::Remote;
        case FieldKind::L0: return Want::L0;
        case FieldKind::Ext: return Want::Ext;
        case FieldKind::Weight: return Want::Weight;
        case FieldKind::Param: return Want::Param;
        case FieldKind::Slice: return Want::Slice;
        case FieldKind::Int:
        case FieldKind::Core:
        case FieldKind::Xb: break;
    }
    return Want::Number;
}

std::string_view to_string(Want want) {
    switch (want) {
        case Want::Number: return "a number";
        case Want::Counter: return "a counter";
        case Want::Local: return "an address in the flow's own memory";
        case Want::Remote: return "an address in the L1 of a core";
        case Want::L0: return "an address in L0";
        case Want::Ext: return "an address in external memory";
        case Want::Weight: return "a weight";
        case Want::Param: return "a param";
        case Want::Slice: return "a slice";
    }
    return "?";
}

/// What one template asks of the flows that use it.
struct Needs {
    struct Use {
        Index param;
        Want want;
        int line;
    };
    std::vector<Use> uses;
    std::vector<const Stmt*> ops;
};

class NeedsFinder {
  public:
    NeedsFinder(const Template& body, Findings& findings) : body_(body), findings_(findings) {}

    Needs run() {
        for (const Stmt& stmt : body_.stmts) {
            statement(stmt);
        }
        for (const auto& [use, line] : lines_) {
            needs_.uses.push_back({use.first, use.second, line});
        }
        return std::move(needs_);
    }

  private:
    void statement(const Stmt& stmt) {
        switch (stmt.kind) {
            case StmtKind::For: numbers(stmt, 0); return;
            case StmtKind::Await:
            case StmtKind::Signal:
                counter(stmt, 0);
                numbers(stmt, 1);
                return;
            case StmtKind::Parallel: parallel(stmt); return;
            case StmtKind::Op: break;
        }
        needs_.ops.push_back(&stmt);
        const std::vector<FieldInfo>& fields = op_info(stmt.opcode).fields;
        for (std::size_t i = 0; i < fields.size(); ++i) {
            value(stmt.exprs[i], want_of(fields[i].kind), stmt.line);
        }
        if (stmt.signals) {
            counter(stmt, fields.size());
            numbers(stmt, fields.size() + 1);
        }
    }

    void parallel(const Stmt& stmt) {
        if (stmt.body.empty()) {
            findings_.add("parallel", at(stmt.line) + "a parallel block without operators");
        }
        for (const Index index : stmt.body) {
            const Stmt& inner = body_.stmts[static_cast<std::size_t>(index)];
            if (op_info(inner.opcode).timing == Timing::Sync) {
                findings_.add("parallel", fmt::format("{}{} is synchronous and cannot stand in a parallel block", at(inner.line),
                                                      op_info(inner.opcode).text));
            }
        }
    }

    void counter(const Stmt& stmt, std::size_t position) {
        const ExprNode& node = body_.exprs[static_cast<std::size_t>(stmt.exprs[position])];
        if (node.op != ExprOp::Param) {
            findings_.add("kind", at(stmt.line) + "counters are named by a parameter alone; the index goes into the brackets");
            return;
        }
        use(static_cast<Index>(node.value), Want::Counter, stmt.line);
    }

    void numbers(const Stmt& stmt, std::size_t from) {
        for (std::size_t i = from; i < stmt.exprs.size(); ++i) {
            value(stmt.exprs[i], Want::Number, stmt.line);
        }
    }

    void value(ExprRef ref, Want want, int line) {
        const ExprNode& node = body_.exprs[static_cast<std::size_t>(ref)];
        if (node.op == ExprOp::Param) {
            use(static_cast<Index>(node.value), want, line);
        } else if (node.lhs >= 0) {
            value(node.lhs, want, line);
            value(node.rhs, want, line);
        }
    }

    void use(Index param, Want want, int line) { lines_.emplace(std::pair(param, want), line); }

    std::string at(int line) const {
        return line > 0 ? fmt::format("template '{}', line {}: ", body_.name, line) : fmt::format("template '{}': ", body_.name);
    }

    const Template& body_;
    Findings& findings_;
    Needs needs_;
    std::map<std::pair<Index, Want>, int> lines_;  ///< first line of each use
};

class Structure {
  public:
    Structure(const Program& program, const Limits& limits) : program_(program), limits_(limits), findings_(limits.most_findings) {}

    std::vector<Diagnostic> run() {
        if (program_.mode > limits_.mode) {
            findings_.add("mode", fmt::format("the program is for computing mode {}, the machine has {}", to_string(program_.mode),
                                              to_string(limits_.mode)));
        }
        buffers();
        for (const CounterArray& array : program_.counters) {
            place(array.place, "counter", array.name);
        }
        for (const Weight& weight : program_.weights) {
            check(weight);
        }
        for (const Param& param : program_.params) {
            check(param);
        }
        for (const Slice& slice : program_.slices) {
            check(slice);
        }
        std::vector<Needs> needs;
        for (const Template& body : program_.templates) {
            needs.push_back(NeedsFinder(body, findings_).run());
        }
        for (std::size_t i = 0; i < program_.flows.size() && !findings_.full(); ++i) {
            check(static_cast<Index>(i), needs[static_cast<std::size_t>(program_.flows[i].body)]);
        }
        return findings_.take();
    }

  private:
    void place(Index where_at, std::string_view what, const std::string& name) {
        if (where_at >= limits_.cores) {
            findings_.add("place", fmt::format("{} '{}' is at core {}, the machine has {} cores", what, name, where_at, limits_.cores));
        }
    }

    void buffers() {
        std::vector<const Buffer*> fitting;
        for (const Buffer& buffer : program_.buffers) {
            place(buffer.core, "buffer", buffer.name);
            const std::optional<std::int64_t>& size =
                buffer.space == Space::L1 ? limits_.l1 : (buffer.space == Space::L0 ? limits_.l0 : limits_.ext);
            const std::int64_t most = size.value_or(INT64_MAX);
            if (buffer.size > most || buffer.offset > most - buffer.size) {
                findings_.add("memory",
                              fmt::format("buffer '{}' takes bytes {} to {} of a memory of {} bytes", buffer.name, buffer.offset,
                                          static_cast<std::uint64_t>(buffer.offset) + static_cast<std::uint64_t>(buffer.size), most));
            } else {
                fitting.push_back(&buffer);
            }
        }
        for_each_overlap(std::move(fitting), [&](const Buffer& a, const Buffer& b) {
            findings_.add("overlap", fmt::format("buffers '{}' (bytes {} to {}) and '{}' (bytes {} to {}) overlap", a.name, a.offset,
                                                 a.offset + a.size, b.name, b.offset, b.offset + b.size));
        });
    }

    void check(const Weight& weight) {
        const std::int64_t columns = std::int64_t{weight.cols} * limits_.weight_columns[static_cast<std::size_t>(weight.bits)];
        if (weight.rows < 1 || weight.cols < 1 || weight.rows > limits_.rows || columns > limits_.cols) {
            findings_.add(
                "weight",
                fmt::format("weight '{}' of {}x{} with {} bits takes {} rows and {} columns of cells; a crossbar has {} and {}",
                            weight.name, weight.rows, weight.cols, weight.bits, weight.rows, columns, limits_.rows, limits_.cols));
            return;
        }
        const std::int64_t wanted = std::int64_t{weight.rows} * weight.cols;
        if (static_cast<std::int64_t>(weight.values.size()) != wanted) {
            findings_.add("weight", fmt::format("weight '{}' has {} values, {}x{} wants {}", weight.name, weight.values.size(), weight.rows,
                                                weight.cols, wanted));
            return;
        }
        const int bound = 1 << (weight.bits - 1);
        const auto wide = std::find_if(weight.values.begin(), weight.values.end(), [&](int v) { return v < -bound || v >= bound; });
        if (wide != weight.values.end()) {
            findings_.add("weight", fmt::format("weight '{}' holds {}, which does not fit {} bits", weight.name, *wide, weight.bits));
        }
    }

    void check(const Param& param) {
        if (!param.negative_scale.empty() && param.negative_scale.size() != param.scale.size()) {
            findings_.add("param", fmt::format("param '{}' has {} scales and {} negative ones; there are as many or none", param.name,
                                               param.scale.size(), param.negative_scale.size()));
        }
        for (const auto* scales : {&param.scale, &param.negative_scale}) {
            if (!std::all_of(scales->begin(), scales->end(), [](float scale) { return std::isfinite(scale); })) {
                findings_.add("param", fmt::format("param '{}' has a scale that is not finite", param.name));
            }
        }
    }

    void check(const Slice& slice) {
        const auto fail = [&](const std::string& what) { findings_.add("slice", fmt::format("slice '{}': {}", slice.name, what)); };
        if (slice.channels < 1) {
            fail(fmt::format("{} channels", slice.channels));
        }
        if (slice.requantises()) {
            const Param& param = program_.params[static_cast<std::size_t>(slice.param)];
            const std::size_t constants = std::min(param.bias.size(), param.scale.size());
            if (static_cast<std::size_t>(slice.channel) + static_cast<std::size_t>(slice.channels) > constants) {
                fail(fmt::format("channels {} to {}, param '{}' has constants for {}", slice.channel,
                                 std::int64_t{slice.channel} + slice.channels, param.name, constants));
            }
        }
        if (slice.tiles.empty()) {
            fail("it has no tiles");
        }
        std::set<Index> crossbars;
        for (const SliceTile& tile : slice.tiles) {
            const Weight& weight = program_.weights[static_cast<std::size_t>(tile.weight)];
            if (tile.xb >= limits_.crossbars_per_core) {
                fail(fmt::format("crossbar {}, a core has {}", tile.xb, limits_.crossbars_per_core));
            }
            if (!crossbars.insert(tile.xb).second) {
                fail(fmt::format("two tiles on crossbar {}", tile.xb));
            }
            if (std::int64_t{tile.col} + weight.cols > slice.channels) {
                fail(fmt::format("tile '{}' gives channels {} to {}, the slice has {}", weight.name, tile.col,
                                 std::int64_t{tile.col} + weight.cols, slice.channels));
            }
        }
    }

    void check(Index index, const Needs& needs) {
        const Flow& flow = program_.flows[static_cast<std::size_t>(index)];
        place(flow.place, "flow", flow.name);
        if (flow.place == chip && flow.engine == Engine::Crossbar) {
            findings_.add("place", fmt::format("flow '{}': the chip controller has no crossbar engine", flow.name));
        }
        for (const Stmt* op : needs.ops) {
            check(index, flow, *op);
        }
        for (const Needs::Use& use : needs.uses) {
            const Arg& arg = flow.args[static_cast<std::size_t>(use.param)];
            if (!suits(arg, use.want, flow.place)) {
                const Template& body = program_.templates[static_cast<std::size_t>(flow.body)];
                findings_.add("kind", fmt::format("{}: parameter '{}' of template '{}' is used as {}, but the argument is {}",
                                                  where(program_, index, use.line), body.params[static_cast<std::size_t>(use.param)],
                                                  body.name, to_string(use.want), shown(arg)));
            }
        }
    }

    void check(Index index, const Flow& flow, const Stmt& op) {
        const OpInfo& info = op_info(op.opcode);
        if (info.mode > program_.mode) {
            findings_.add("mode", fmt::format("{}: {} belongs to computing mode {}, the program is for {}", where(program_, index, op.line),
                                              info.text, to_string(info.mode), to_string(program_.mode)));
        }
        if (info.engine != flow.engine) {
            findings_.add("engine",
                          fmt::format("{}: {} belongs to the {} engine, the flow to the {} engine", where(program_, index, op.line),
                                      info.text, to_string(info.engine), to_string(flow.engine)));
        }
        const bool chip_only = op.opcode == Opcode::Fetch || op.opcode == Opcode::Flush;
        const bool core_only =
            info.engine == Engine::Crossbar || op.opcode == Opcode::Load || op.opcode == Opcode::Store || op.opcode == Opcode::Send;
        if ((chip_only && flow.place != chip) || (core_only && flow.place == chip)) {
            findings_.add("place", fmt::format("{}: {} is for flows {}", where(program_, index, op.line), info.text,
                                               chip_only ? "of the chip" : "of a core"));
        }
    }

    bool suits(const Arg& arg, Want want, Index flow_place) const {
        if (arg.kind == ArgKind::Buffer) {
            const Buffer& buffer = program_.buffers[static_cast<std::size_t>(arg.value)];
            switch (want) {
                case Want::Local:
                    return flow_place == chip ? buffer.space == Space::L0 : buffer.space == Space::L1 && buffer.core == flow_place;
                case Want::Remote: return buffer.space == Space::L1;
                case Want::L0: return buffer.space == Space::L0;
                case Want::Ext: return buffer.space == Space::Ext;
                default: return false;
            }
        }
        switch (arg.kind) {
            case ArgKind::Int: return want != Want::Counter;
            case ArgKind::Counter: return want == Want::Counter;
            case ArgKind::Weight: return want == Want::Weight;
            case ArgKind::Param: return want == Want::Param;
            default: return want == Want::Slice;
        }
    }

    std::string shown(const Arg& arg) const {
        const auto at = static_cast<std::size_t>(arg.value);
        switch (arg.kind) {
            case ArgKind::Buffer: {
                const Buffer& b = program_.buffers[at];
                return fmt::format("buffer '{}' in {}", b.name,
                                   b.space == Space::L1 ? fmt::format("l1[{}]", b.core) : (b.space == Space::L0 ? "l0" : "ext"));
            }
            case ArgKind::Counter: return fmt::format("counter '{}'", program_.counters[at].name);
            case ArgKind::Weight: return fmt::format("weight '{}'", program_.weights[at].name);
            case ArgKind::Param: return fmt::format("param '{}'", program_.params[at].name);
            case ArgKind::Slice: return fmt::format("slice '{}'", program_.slices[at].name);
            case ArgKind::Int: break;
        }
        return fmt::format("the number {}", arg.value);
    }

    const Program& program_;
    const Limits& limits_;
    Findings findings_;
};

}  // namespace

std::vector<Diagnostic> verify_structure(const Program& program, const Limits& limits) {
    std::vector<Diagnostic> form = verify_form(program, limits.most_findings);
    if (!form.empty()) {
        return form;
    }
    return Structure(program, limits).run();
}

std::vector<Diagnostic> verify(const Program& program, const Limits& limits, std::int64_t batch) {
    std::vector<Diagnostic> found = verify_structure(program, limits);
    return found.empty() ? verify_run(program, limits, batch) : found;
}

}  // namespace cim::isa
