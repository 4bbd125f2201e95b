#pragma once
// The network between cores and L0 as a state machine, free of SystemC. One interface; ideal.cpp, cost_matrix.cpp, switch.cpp and
// mesh_packet.cpp are its models. Nodes are the cores row-major; the last node is the L0. Times are ticks.
//
// Use, in the phases of ADR-0001: request() when a transfer is ready (any phase of tick `now`); arbitrate(now) once at the end of each tick
// that saw a request or in which next() was due; advance(now) at the beginning of tick next().

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "hw_models/spec/machine.h"

namespace cim::hw {

struct NocRequest {
    std::uint64_t id = 0;  ///< of the caller, given back on delivery
    int src = 0;
    int dst = 0;
    std::int64_t flits = 0;
};

class NocModel {
  public:
    virtual ~NocModel() = default;

    /// Ticks from request to delivery of the last flit when nothing else moves; 0 if the model takes no time.
    virtual Ticks uncontended(int src, int dst, std::int64_t flits) const = 0;
    /// Links that a flit passes, for energy: routers' links in a mesh, else 1 (0 within a node).
    virtual int hops(int src, int dst) const = 0;

    /// Whether a transfer can take longer than uncontended(). Where none can, nobody needs the state machine: it delivers after that time.
    virtual bool contends() const { return true; }

    virtual void request(Ticks now, const NocRequest& request) = 0;
    virtual void arbitrate(Ticks now) = 0;
    /// Moves on to `now` and appends the ids delivered, in order of the request's arrival.
    virtual void advance(Ticks now, std::vector<std::uint64_t>& delivered) = 0;
    /// Next tick at which advance() has something to do.
    virtual std::optional<Ticks> next() const = 0;

    /// Names of the links whose occupancy is counted, and ticks that each has been busy. Empty for models without links.
    virtual std::vector<std::string> link_names() const { return {}; }
    virtual std::vector<Ticks> link_busy() const { return {}; }
    /// Links taken or freed since the last call: (link, busy). For waveforms; costs nothing unless called.
    virtual void drain_link_changes(std::vector<std::pair<int, bool>>& changes) { changes.clear(); }
    /// Turns the recording for drain_link_changes() on.
    virtual void record_link_changes(bool) {}
};

/// The chip-tier model that `machine.chip.noc.model` names. Throws std::invalid_argument for a name that is not in noc_models().
std::unique_ptr<NocModel> make_noc(const Machine& machine);
/// Names of all models, for messages and `cimmlc models`.
std::vector<std::string> noc_models();

}  // namespace cim::hw
