#pragma once
// The flows of an engine that stand at an operator, in the order in which it takes them.

#include <cstddef>
#include <vector>

#include "hw_models/spec/machine.h"
#include "isa/program.h"

namespace cim::platform {

class FlowState;

/// A flow that stands at an operator, with all that its engine asks when it chooses: flows themselves are far away.
struct ReadyFlow {
    static constexpr int no_crossbar = -1;
    static constexpr int several_crossbars = -2;
    static constexpr int unknown_crossbar = -3;  ///< not for a flow that is ready

    hw::Ticks since = 0;
    isa::Index id = 0;
    int crossbar = no_crossbar;  ///< that it needs
    FlowState* flow = nullptr;

    bool before(const ReadyFlow& other) const { return since != other.since ? since < other.since : id < other.id; }
};

/// Sorted by `before`. Most come last, since they become ready as time goes on.
class ReadyQueue {
  public:
    bool empty() const { return first_ == flows_.size(); }
    const ReadyFlow& front() const { return flows_[first_]; }

    void add(const ReadyFlow& flow) {
        flows_.emplace_back();
        std::size_t at = flows_.size() - 1;
        for (; at > first_ && flow.before(flows_[at - 1]); --at) {
            flows_[at] = flows_[at - 1];
        }
        flows_[at] = flow;
    }

    void pop() {
        ++first_;
        if (first_ == flows_.size()) {
            flows_.clear();
            first_ = 0;
        } else if (first_ >= most_taken && 2 * first_ >= flows_.size()) {
            flows_.erase(flows_.begin(), flows_.begin() + static_cast<std::ptrdiff_t>(first_));
            first_ = 0;
        }
    }

  private:
    static constexpr std::size_t most_taken = 64;
    std::vector<ReadyFlow> flows_;
    std::size_t first_ = 0;  ///< those before it are taken
};

}  // namespace cim::platform
