#include "isa/expr_pool.h"

#include <algorithm>
#include <utility>

namespace cim::isa {

namespace {
constexpr std::size_t first_places = 128;  // templates are small, and there are many
}

ExprPool::ExprPool(std::vector<ExprNode>& nodes) : nodes_(&nodes), known_(first_places, -1) {
    depths_.reserve(first_places);
    sizes_.reserve(first_places);
    for (std::size_t i = 0; i < nodes.size(); ++i) {
        enter(nodes[i], place_of(nodes[i]), static_cast<ExprRef>(i));
    }
}

std::size_t ExprPool::place_of(const ExprNode& node) const {
    std::size_t place = hash(node) & (known_.size() - 1);
    while (known_[place] >= 0 && !((*nodes_)[static_cast<std::size_t>(known_[place])] == node)) {
        place = (place + 1) & (known_.size() - 1);
    }
    return place;
}

void ExprPool::grow() {
    known_.assign(2 * known_.size(), -1);
    for (std::size_t i = 0; i < depths_.size(); ++i) {
        const std::size_t place = place_of((*nodes_)[i]);
        if (known_[place] < 0) {
            known_[place] = static_cast<ExprRef>(i);
        }
    }
}

void ExprPool::enter(const ExprNode& node, std::size_t place, ExprRef ref) {
    if (known_[place] < 0) {
        known_[place] = ref;
    }
    measure(node);
    if (2 * depths_.size() > known_.size()) {
        grow();
    }
}

std::size_t ExprPool::hash(const ExprNode& node) {
    constexpr std::uint64_t mix = 0x9E3779B97F4A7C15ULL;
    std::uint64_t h = static_cast<std::uint64_t>(node.value) * mix + static_cast<std::uint64_t>(node.op);
    h = (h ^ (h >> 29)) * mix + static_cast<std::uint32_t>(node.lhs);
    h = (h ^ (h >> 32)) * mix + static_cast<std::uint32_t>(node.rhs);
    return static_cast<std::size_t>(h ^ (h >> 31));
}

void ExprPool::measure(const ExprNode& node) {
    int depth = 0;
    std::int64_t size = 1;
    for (const ExprRef side : {node.lhs, node.rhs}) {
        if (side >= 0) {
            depth = std::max(depth, depths_[static_cast<std::size_t>(side)] + 1);
            size += sizes_[static_cast<std::size_t>(side)];
        }
    }
    depths_.push_back(depth);
    sizes_.push_back(std::min(size, std::int64_t{1} << 60));
}

ExprRef ExprPool::intern(const ExprNode& node) {
    const std::size_t place = place_of(node);
    if (known_[place] >= 0) {
        return known_[place];
    }
    const auto ref = static_cast<ExprRef>(nodes_->size());
    nodes_->push_back(node);
    enter(node, place, ref);
    return ref;
}

namespace {

class Canonicaliser {
  public:
    explicit Canonicaliser(Template& old) : old_(old), pool_(nodes_), moved_(old.exprs.size(), -1) {}

    void run() {
        std::vector<Index> top = list(old_.body);
        old_.body = std::move(top);
        old_.stmts = std::move(stmts_);
        old_.exprs = std::move(nodes_);
    }

  private:
    std::vector<Index> list(const std::vector<Index>& from) {
        std::vector<Index> to;
        to.reserve(from.size());
        for (const Index index : from) {
            to.push_back(statement(old_.stmts[static_cast<std::size_t>(index)]));
        }
        return to;
    }

    Index statement(Stmt& from) {
        const auto at = stmts_.size();
        stmts_.emplace_back();
        Stmt to = std::move(from);
        for (ExprRef& ref : to.exprs) {
            ref = expression(ref);
        }
        to.body = list(to.body);
        stmts_[at] = std::move(to);
        return static_cast<Index>(at);
    }

    ExprRef expression(ExprRef from) {
        ExprRef& known = moved_[static_cast<std::size_t>(from)];
        if (known < 0) {
            ExprNode node = old_.exprs[static_cast<std::size_t>(from)];
            if (node.lhs >= 0) {
                node.lhs = expression(node.lhs);
            }
            if (node.rhs >= 0) {
                node.rhs = expression(node.rhs);
            }
            known = pool_.intern(node);
        }
        return known;
    }

    Template& old_;
    std::vector<ExprNode> nodes_;
    ExprPool pool_;
    std::vector<ExprRef> moved_;
    std::vector<Stmt> stmts_;
};

}  // namespace

void canonicalise(Template& body) {
    Canonicaliser(body).run();
}

void canonicalise(Program& program) {
    for (Template& body : program.templates) {
        canonicalise(body);
    }
}

}  // namespace cim::isa
