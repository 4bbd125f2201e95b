#pragma once
// Makes a template ready to run, and says how the values of a flow follow from its arguments.

#include <cstdint>
#include <map>
#include <memory>
#include <tuple>
#include <vector>

#include "isa/interpreter/resolved.h"

namespace cim::isa {

/// A template, and the way from a flow's arguments to the flow's values. It has slots of its own: the arguments, literals, and all that is
/// computed from them.
struct TemplatePlan {
    struct Computation {
        ExprOp op = ExprOp::Add;
        Slot slot = 0;  ///< -1: nothing but a look at the divisor
        Slot lhs = 0;
        Slot rhs = 0;  ///< of Div, Mod: must be 1 or more
        int line = 0;
    };
    struct Field {
        Index op = 0;
        FieldValue value;
    };
    struct Base {
        Index op = 0;
        Slot slot = 0;
    };

    std::shared_ptr<ResolvedTemplate> body;
    std::vector<std::int64_t> slots;  ///< arguments first, filled in by each flow; then literals; 0 where something is computed
    std::vector<Computation> computations;
    std::vector<Slot> gathered;  ///< for each slot of the flow: the one here
    std::vector<OpInstance> ops;
    std::vector<Field> fixed_fields;
    std::vector<Base> bases;  ///< counter arrays of the operators' signals
};

class TemplateResolver {
  public:
    /// `name`: of a flow that is made from it, for messages.
    TemplateResolver(const Template& body, const std::string& name, std::size_t args, std::int64_t batch, Detail detail);
    /// Throws ProgramError for a divisor that depends on a loop.
    TemplatePlan run();

  private:
    /// An expression: what the arguments make constant + sum of coefficient x loop variable, or something that a tree computes.
    struct Folded {
        Slot base = 0;
        Index first_term = 0;
        Index terms = 0;
        Index depth = -1;    ///< of the innermost loop that it depends on, -1: of none
        Slot slot = -1;      ///< that holds it; -1: not needed so far
        bool known = false;  ///< folded already
        bool tree = false;   ///< `slot` alone tells the value

        bool is_constant() const { return depth < 0; }
    };
    struct Term {
        Index loop = 0;
        Slot coefficient = 0;
    };
    struct Updates {
        std::vector<LinearUpdate> linear;
        std::vector<TreeUpdate> trees;
    };

    void emit(const std::vector<Index>& statements);
    void emit(const Stmt& stmt);
    void emit_loop(const Stmt& stmt, Instruction instruction);
    /// Adds an operator; whether some field of it varies.
    bool add_op(const Stmt& stmt);

    Slot new_slot(std::int64_t value);
    Slot literal(std::int64_t value);
    bool is_literal(Slot slot, std::int64_t value) const;
    /// A constant from two.
    Slot compute(ExprOp op, Slot lhs, Slot rhs);

    const Folded& fold(ExprRef ref);
    Folded fold_new(ExprRef ref);
    Folded constant(Slot slot) const;
    Folded tree(ExprOp op, Folded& lhs, Folded& rhs);
    /// a + factor * b, both linear.
    Folded combine(const Folded& a, const Folded& b, Slot factor);
    Slot slot_of(ExprRef ref);
    Slot slot_of(Folded& e);
    Folded& known(ExprRef ref) { return folded_[static_cast<std::size_t>(ref)]; }

    Slot base_of(ExprRef ref);
    /// The counter that an array's first and an index name.
    Slot counter_of(Slot base, ExprRef index);
    void number_slots();

    const Template& source_;
    const std::string& name_;
    const std::int64_t batch_;
    const Detail detail_;
    TemplatePlan plan_;
    ResolvedTemplate& out_;
    std::vector<bool> is_literal_;  ///< by slot
    std::map<std::int64_t, Slot> literals_;
    std::map<std::tuple<ExprOp, Slot, Slot>, Slot> computed_;
    std::vector<Folded> folded_;    ///< by expression of the template
    std::vector<Term> terms_;       ///< of what is folded
    std::vector<ExprRef> varying_;  ///< what is folded and not constant
    std::vector<Index> around_;     ///< loops around the statement at hand
    std::vector<Updates> updates_;  ///< of each loop
    int line_ = 0;
};

}  // namespace cim::isa
