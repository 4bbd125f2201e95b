#pragma once
// The top of the platform, built from the hardware file: cores with their L1, chip controller, L0, external memory, network.

#include <cstdint>
#include <memory>
#include <systemc>
#include <vector>

#include "isa/interpreter/resolved.h"
#include "platform/core/context.h"
#include "platform/core/place.h"
#include "platform/memory/memory.h"
#include "platform/noc/noc_module.h"

namespace cim::platform {

class Chip final : public sc_core::sc_module, public Actor {
  public:
    Chip(const sc_core::sc_module_name& name, Context& context, const std::vector<isa::ResolvedFlow>& flows);

    /// Begins with the setup flows; segment after segment follows, each when all flows of the one before have ended and all places have
    /// heard of it (sync_latency).
    void start();
    /// After the run: books closed, counts of memories and crossbars in the statistics.
    void finish();

    Memory& external() { return *external_; }
    NocModule& noc() { return *noc_; }
    const std::vector<std::unique_ptr<Place>>& places() const { return places_; }
    Ticks port_busy_l0() const { return l0_->busy_ticks(); }
    hw::EventCounts setup_events() const { return setup_events_; }

    void complete(std::uint64_t what) override;

  private:
    void begin(isa::Index segment);
    /// Nothing of the present segment is left to do.
    void drained();
    void end_setup();
    /// Operations that the program's power limit lets begin in this tick.
    void admit();
    void connect_observer();

    Context& context_;
    isa::Index segments_;
    std::vector<std::unique_ptr<Memory>> l1_;
    std::unique_ptr<Memory> l0_;
    std::unique_ptr<Memory> external_;
    std::unique_ptr<NocModule> noc_;
    std::vector<std::unique_ptr<Place>> places_;  ///< cores row-major, then the chip controller
    hw::EventCounts setup_events_{};
};

}  // namespace cim::platform
