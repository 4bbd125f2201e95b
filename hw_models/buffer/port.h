#pragma once
// The port of a shared memory (L0, L1, external) as a state machine, free of SystemC: one transfer at a time, first come first served,
// requests of one tick in order of their key (ADR-0001, phase 3).

#include <algorithm>
#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include "hw_models/spec/machine.h"

namespace cim::hw {

struct PortRequest {
    std::int64_t key = 0;  ///< order among requests of one tick
    std::uint64_t id = 0;  ///< of the caller, given back when granted
    Ticks ticks = 0;       ///< service time
    bool write = false;
};

struct PortGrant {
    std::uint64_t id = 0;
    Ticks done = 0;  ///< when the transfer ends
};

/// Single port: reads and writes share it.
class SinglePort {
  public:
    void request(const PortRequest& request) { fresh_.push_back(request); }

    /// Grants what can begin at `now`; call once in phase 3 of each tick that saw a request or in which the port became free.
    std::optional<PortGrant> arbitrate(Ticks now) {
        if (fresh_.size() == 1 && queue_.empty() && free_at_ <= now) {
            const PortGrant grant{fresh_[0].id, now + fresh_[0].ticks};
            free_at_ = grant.done;
            fresh_.clear();
            return grant;
        }
        if (fresh_.size() > 1) {
            std::sort(fresh_.begin(), fresh_.end(), [](const PortRequest& a, const PortRequest& b) { return a.key < b.key; });
        }
        queue_.insert(queue_.end(), fresh_.begin(), fresh_.end());
        fresh_.clear();
        if (queue_.empty() || free_at_ > now) {
            return std::nullopt;
        }
        const PortRequest next = queue_.front();
        queue_.pop_front();
        free_at_ = now + next.ticks;
        return PortGrant{next.id, free_at_};
    }

    /// Whether a grant is still to come once the port is free.
    bool waiting() const { return !queue_.empty() || !fresh_.empty(); }
    Ticks free_at() const { return free_at_; }

  private:
    std::vector<PortRequest> fresh_;
    std::deque<PortRequest> queue_;
    Ticks free_at_ = 0;
};

}  // namespace cim::hw
