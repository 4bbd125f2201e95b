#pragma once
// The network as a SystemC module around the state machine that the hardware file selects. A write travels to its memory first and is then
// served there; a read is served there first and its data travels back.

#include <functional>
#include <memory>
#include <systemc>
#include <tlm>
#include <vector>

#include <tlm_utils/multi_passthrough_initiator_socket.h>
#include <tlm_utils/multi_passthrough_target_socket.h>

#include "hw_models/noc/noc.h"
#include "platform/kernel/agenda.h"
#include "platform/memory/transfer.h"

namespace cim::platform {

class NocModule final : public sc_core::sc_module, public Actor {
  public:
    NocModule(const sc_core::sc_module_name& name, Agenda& agenda, const hw::Machine& machine);

    tlm_utils::multi_passthrough_target_socket<NocModule> from_cores{"from_cores"};
    /// Bound in order: L1 of core 0..n-1, L0, external memory.
    tlm_utils::multi_passthrough_initiator_socket<NocModule> to_memories{"to_memories"};

    const hw::NocModel& model() const { return *model_; }
    /// Called with (link, busy) at each change, if set before the start.
    std::function<void(int, bool)> on_link;
    void watch_links();

    void complete(std::uint64_t what) override;
    void arbitrate() override;

  private:
    tlm::tlm_sync_enum nb_transport_fw(int id, tlm::tlm_generic_payload& payload, tlm::tlm_phase& phase, sc_core::sc_time& delay);
    tlm::tlm_sync_enum nb_transport_bw(int id, tlm::tlm_generic_payload& payload, tlm::tlm_phase& phase, sc_core::sc_time& delay);
    enum What : std::uint64_t { ModelMoves = 0, Enters = 1, Arrives = 2 };
    static std::uint64_t entry_of(std::uint32_t slot, What what) { return std::uint64_t{slot} << 2U | what; }

    /// Sends the payload into the network, now or (read from a memory that is still at it) when it is served; true if it has arrived
    /// already.
    bool travel(tlm::tlm_generic_payload& payload, Transfer& transfer);
    void enter(std::uint32_t slot);
    void arrive(std::uint32_t slot);
    /// Hands it to its memory; true if served already.
    bool serve(tlm::tlm_generic_payload& payload, const Transfer& transfer);
    void reply(tlm::tlm_generic_payload& payload, const Transfer& transfer);
    void schedule();
    void report_links();

    Agenda& agenda_;
    std::unique_ptr<hw::NocModel> model_;
    bool contends_;  ///< else the model is not asked
    int cores_;
    struct Travelling {
        tlm::tlm_generic_payload* payload = nullptr;
        Transfer* transfer = nullptr;
    };
    std::vector<Travelling> travelling_;
    std::vector<std::uint32_t> unused_;
    std::vector<std::uint32_t> fresh_;
    std::vector<std::uint64_t> delivered_;
    std::vector<std::pair<int, bool>> changes_;
    Ticks scheduled_ = -1;
};

}  // namespace cim::platform
