#pragma once
// Builds the expressions of a template without duplicates: the same expression twice is one node.

#include <cstdint>
#include <vector>

#include "isa/program.h"

namespace cim::isa {

/// Adds nodes to a template's pool. Nothing is folded: what is built is what will be printed.
class ExprPool {
  public:
    /// `nodes` must outlive the pool and be changed through it alone; what it holds already is known to the pool.
    explicit ExprPool(std::vector<ExprNode>& nodes);

    ExprRef constant(std::int64_t value) { return intern({ExprOp::Const, value, -1, -1}); }
    ExprRef param(Index number) { return intern({ExprOp::Param, number, -1, -1}); }
    ExprRef variable(Index depth) { return intern({ExprOp::Var, depth, -1, -1}); }
    ExprRef batch() { return intern({ExprOp::Batch, 0, -1, -1}); }
    ExprRef binary(ExprOp op, ExprRef lhs, ExprRef rhs) { return intern({op, 0, lhs, rhs}); }
    ExprRef intern(const ExprNode& node);

    /// Operators on the longest path from `ref` to a leaf.
    int depth(ExprRef ref) const { return depths_[static_cast<std::size_t>(ref)]; }
    /// Nodes of the tree below and with `ref`, shared ones counted each time, saturating.
    std::int64_t size(ExprRef ref) const { return sizes_[static_cast<std::size_t>(ref)]; }

  private:
    static std::size_t hash(const ExprNode& node);
    /// Where a node stands in `known_`, or would.
    std::size_t place_of(const ExprNode& node) const;
    /// Enters a node of `nodes_`, all before it being known.
    void enter(const ExprNode& node, std::size_t place, ExprRef ref);
    void grow();
    void measure(const ExprNode& node);

    std::vector<ExprNode>* nodes_;
    std::vector<ExprRef> known_;  ///< hash table with open addressing, a power of two of places; -1: free
    std::vector<int> depths_;
    std::vector<std::int64_t> sizes_;
};

/// Renumbers statements (each before those inside it) and expressions (in order of first use, without duplicates) of a well-formed
/// template. Two templates that print the same are equal afterwards; parse_text returns this form.
void canonicalise(Template& body);
void canonicalise(Program& program);

}  // namespace cim::isa
