#pragma once
// Operations on their way through their stages when ports and network serve one after the other: the rules of ADR-0001 with the state
// machines of hw_models/, as the platform has them, without SystemC.

#include <array>
#include <cstdint>
#include <memory>
#include <queue>
#include <vector>

#include "hw_models/buffer/port.h"
#include "hw_models/noc/noc.h"
#include "hw_models/spec/machine.h"
#include "hw_models/timing/price.h"
#include "isa/program.h"

namespace cim::compiler {

class Traffic {
  public:
    /// An operation whose end is known: at tick `at`, now or later. `tag` is the caller's.
    struct Ended {
        hw::Ticks at = 0;
        std::uint64_t tag = 0;
    };

    static constexpr hw::Ticks never = INT64_MAX;

    explicit Traffic(const hw::Machine& machine);

    /// An operation of `place` begins at `now`. `key`: its place among requests of the same tick.
    void begin(const hw::OpCost& cost, isa::Index place, std::int64_t key, std::uint64_t tag, hw::Ticks now);
    /// Next tick at which advance() has something to do.
    hw::Ticks next() const;
    /// Beginning of tick `now`: what was on its way arrives.
    void advance(hw::Ticks now);
    /// End of tick `now`: ports and network take what was asked for.
    void arbitrate(hw::Ticks now);
    /// Appends what has become known since the last call.
    void take_ended(std::vector<Ended>& ended);

  private:
    struct Trip {
        std::array<hw::Stage, hw::OpCost::most_stages> stages{};
        std::size_t stage_count = 0;
        std::size_t stage = 0;  ///< present or next
        isa::Index place = 0;
        int src_node = 0;
        int dst_node = 0;
        hw::Ticks issued = 0;  ///< ends no earlier
        std::int64_t key = 0;
        std::uint64_t tag = 0;
    };
    struct Port {
        hw::SinglePort port;
        std::vector<std::uint32_t> fresh;  ///< trips that ask for it in this tick
    };
    struct Due {
        hw::Ticks at = 0;
        std::uint32_t trip = 0;
        bool operator<(const Due& other) const { return at > other.at; }
    };

    std::size_t port_of(const Trip& trip) const;
    /// Goes on with the present stage; what came before ends at tick `at`, now or later.
    void proceed(std::uint32_t trip, hw::Ticks at, hw::Ticks now);
    void by_key(std::vector<std::uint32_t>& fresh) const;

    std::size_t cores_;
    std::unique_ptr<hw::NocModel> noc_;
    std::vector<Port> ports_;            ///< L1 of each core, L0, external memory
    std::vector<std::size_t> asked_;     ///< ports with fresh trips
    std::vector<std::uint32_t> to_noc_;  ///< trips that enter the network in this tick
    bool noc_moved_ = false;
    std::vector<Trip> trips_;
    std::vector<std::uint32_t> unused_;
    std::priority_queue<Due> due_;
    std::vector<std::uint64_t> delivered_;
    std::vector<Ended> ended_;
};

}  // namespace cim::compiler
