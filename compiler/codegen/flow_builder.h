#pragma once
// Writes flows: a small language for template bodies, whose arguments are declared where they are first used. Flows whose bodies come
// out alike share one template.

#include <array>
#include <functional>
#include <initializer_list>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "isa/program.h"

namespace cim::compiler {

class FlowBuilder;

/// Expression of the template being built.
class Ex {
  public:
    Ex(FlowBuilder& builder, isa::ExprRef ref) : builder_(&builder), ref_(ref) {}
    isa::ExprRef ref() const { return ref_; }
    FlowBuilder& builder() const { return *builder_; }

  private:
    FlowBuilder* builder_;
    isa::ExprRef ref_;
};

Ex operator+(Ex a, Ex b);
Ex operator-(Ex a, Ex b);
Ex operator*(Ex a, Ex b);
Ex operator+(Ex a, std::int64_t b);
Ex operator-(Ex a, std::int64_t b);
Ex operator*(Ex a, std::int64_t b);
Ex div(Ex a, Ex b);
Ex mod(Ex a, Ex b);
Ex min(Ex a, Ex b);
Ex max(Ex a, Ex b);

/// Collects the program: templates shared, flows in order.
class ProgramBuilder {
  public:
    isa::Program program;
    isa::Index segment = isa::whole_run;  ///< that buffers and flows are added to; whole_run: the only one

    /// From now on buffers and flows belong to this segment, and names get `label` in front.
    void enter_segment(isa::Index number, int label) {
        segment = number;
        label_ = label;
    }
    int label() const { return label_; }
    std::string name(const std::string& own) const { return segment == isa::whole_run ? own : "s" + std::to_string(label_) + "/" + own; }

    /// Adds to a table and gives the index.
    isa::Index buffer(const std::string& name, int place, std::int64_t offset, std::int64_t size);
    /// For segments first .. last.
    isa::Index kept(const std::string& name, int place, std::int64_t offset, std::int64_t size, isa::Index first, isa::Index last);
    isa::Index external(const std::string& name, std::int64_t offset, std::int64_t size);
    isa::Index counter(const std::string& name, std::int64_t size, int place, isa::CounterRole role);

  private:
    friend class FlowBuilder;
    int label_ = 0;
    isa::Index intern(isa::Template body, std::uint64_t hash);
    /// A body as it was written, which need not be put into canonical form again to be recognised.
    struct Written {
        std::uint64_t hash;
        isa::Template body;
        isa::Index index;
    };
    /// Templates of one kind.
    struct Kind {
        std::vector<isa::Index> templates;
        std::vector<Written> written;
    };
    std::unordered_map<std::string, Kind> kinds_;
};

/// One flow. Statements are added in order; finish() puts it into the program.
class FlowBuilder {
  public:
    /// `kind` names the template, `name` the flow.
    FlowBuilder(ProgramBuilder& program, const std::string& kind, const std::string& name, int op, int place, isa::Engine engine,
                bool setup = false);

    // Arguments: name of the template's parameter and what this flow passes.
    Ex number(std::string_view name, std::int64_t value) { return argument(name, {isa::ArgKind::Int, value}); }
    Ex buffer(std::string_view name, isa::Index index) { return argument(name, {isa::ArgKind::Buffer, index}); }
    Ex counter(std::string_view name, isa::Index index) { return argument(name, {isa::ArgKind::Counter, index}); }
    Ex weight(std::string_view name, isa::Index index) { return argument(name, {isa::ArgKind::Weight, index}); }
    Ex param(std::string_view name, isa::Index index) { return argument(name, {isa::ArgKind::Param, index}); }
    Ex slice(std::string_view name, isa::Index index) { return argument(name, {isa::ArgKind::Slice, index}); }

    Ex constant(std::int64_t value) { return expression({isa::ExprOp::Const, value, -1, -1}); }
    Ex batch() { return expression({isa::ExprOp::Batch, 0, -1, -1}); }
    /// An expression written twice is there twice: which are the same is found out once a template.
    Ex expression(const isa::ExprNode& node);

    using Body = std::function<void(Ex)>;
    void loop(const std::string& variable, Ex begin, Ex end, const Body& body);
    void loop(const std::string& variable, Ex end, const Body& body) { loop(variable, constant(0), end, body); }

    struct Signal {
        Ex counter;
        Ex index;
        Ex amount;
    };
    using Field = std::pair<std::string_view, Ex>;

    /// await counter[0, count] >= value
    void await(Ex counter, Ex count, Ex value) { await_at(counter, constant(0), count, value); }
    void await_at(Ex counter, Ex index, Ex count, Ex value);
    /// signal counter[0] += amount
    void signal(Ex counter, Ex amount) { signal_at(counter, constant(0), amount); }
    void signal_at(Ex counter, Ex index, Ex amount);
    void op(isa::Opcode opcode, std::initializer_list<Field> fields, const Signal* signal = nullptr);
    void op(isa::Opcode opcode, const std::vector<Field>& fields, const Signal* signal = nullptr);
    void parallel(const std::function<void()>& body);

    void finish();

  private:
    Ex argument(std::string_view name, const isa::Arg& arg);
    isa::Index add(isa::Stmt stmt);
    /// Runs `fill` with the statements it adds going into a body of their own.
    std::vector<isa::Index> nested(const std::function<void()>& fill);

    ProgramBuilder& program_;
    isa::Template body_;
    std::uint64_t hash_ = 0;  ///< of the expressions and statements so far
    isa::Flow flow_;
    struct Param {
        std::uint64_t hash;  ///< of its name
        isa::ExprRef ref;
        int next;  ///< with a hash that ends alike; -1: none
    };
    std::vector<Param> params_;    ///< as the body has them
    std::array<int, 64> by_hash_;  ///< the last whose hash ends so; -1: none
    std::vector<isa::Index>* target_;
    isa::Index depth_ = 0;
};

}  // namespace cim::compiler
