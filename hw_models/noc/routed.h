#pragma once
// Transfers over a path of links, each link held by one transfer at a time for its flits: common state machine of the switch and the mesh.
// Virtual cut-through: the head goes on as soon as the next link is free, the tail follows flit by flit; buffers at the links are
// unlimited.
//
// A packet whose links nobody else in the network is going to take runs free: its delivery is known when it enters, and no link of it is
// looked at before. If a packet enters that shares a link with it, it goes on link by link from where it is by then.

#include <queue>
#include <unordered_map>

#include "hw_models/noc/noc.h"

namespace cim::hw {

struct Hop {
    int link = 0;
    Ticks latency = 0;  ///< of the head over this link
};

class RoutedNoc : public NocModel {
  public:
    RoutedNoc(int links, Ticks ticks_per_flit);

    Ticks uncontended(int src, int dst, std::int64_t flits) const override;
    void request(Ticks now, const NocRequest& request) override;
    void arbitrate(Ticks now) override;
    void advance(Ticks now, std::vector<std::uint64_t>& delivered) override;
    std::optional<Ticks> next() const override;
    std::vector<Ticks> link_busy() const override { return busy_; }
    void drain_link_changes(std::vector<std::pair<int, bool>>& changes) override;
    void record_link_changes(bool on) override { record_ = on; }

  protected:
    /// Links from src to dst, in order; not empty.
    virtual void route(int src, int dst, std::vector<Hop>& path) const = 0;

  private:
    using Path = std::vector<Hop>;
    struct Packet {
        std::uint64_t id = 0;
        std::uint64_t order = 0;  ///< of arrival at the network
        std::int64_t flits = 0;
        std::size_t hop = 0;
        const Path* path = nullptr;
        Ticks entered = 0;
        Ticks tail_at = -1;  ///< delivery, once it is known
        bool free = false;   ///< runs free; its links are not marked yet
    };
    enum class What : std::uint8_t { HeadArrives, TailArrives, LinkFrees };
    struct Due {
        Ticks at;
        What what;
        std::uint64_t order;
        int packet_or_link;
        bool operator<(const Due& other) const {
            return at != other.at ? at > other.at : (what != other.what ? what > other.what : order > other.order);
        }
    };
    struct Link {
        Ticks free_at = 0;
        int claims = 0;            ///< packets on their way that have yet to take it, those that run free apart
        int owner = -1;            ///< packet that runs free over it
        bool wake = false;         ///< LinkFrees is due: somebody waits, or changes are recorded
        std::vector<int> waiting;  ///< packets, in order of arrival at this link, then of arrival at the network; seldom more than a few
    };

    const Path& path(int src, int dst) const;
    void take(int link, int packet, Ticks now);
    /// Lets a packet that stands at its first link run free, if it can.
    bool run_free(int packet, Ticks now);
    /// Marks the links that a packet running free has taken before `now`, and lets it go on link by link.
    void bind(int packet, Ticks now);
    Ticks tail_arrival(const Packet& packet, Ticks taken_last) const;
    void wake_when_free(int link);

    Ticks ticks_per_flit_;
    std::vector<Link> links_;
    std::vector<Ticks> busy_;
    std::vector<Packet> packets_;
    std::vector<int> unused_;
    std::vector<int> arrived_;  ///< packets at a link since the last arbitration
    std::vector<int> freed_;    ///< links that somebody waits for, free since the last arbitration
    std::priority_queue<Due> due_;
    std::uint64_t next_order_ = 0;
    bool record_ = false;
    std::vector<std::pair<int, bool>> changes_;
    mutable std::unordered_map<std::int64_t, Path> paths_;
};

}  // namespace cim::hw
