#pragma once
// L1, L0 and external memory: bytes behind one port. Approximately-timed TLM-2.0 target: requests of a tick are collected, then granted in
// order of their keys. Once granted the end is known, so the response comes at once with the rest of its time annotated. Direct access for
// loading, results, and operators of the own place.

#include <cstdint>
#include <cstdlib>
#include <functional>
#include <memory>
#include <string>
#include <systemc>
#include <tlm>

#include <tlm_utils/passthrough_target_socket.h>

#include "hw_models/buffer/port.h"
#include "platform/kernel/agenda.h"
#include "platform/memory/transfer.h"

namespace cim::platform {

class Memory final : public sc_core::sc_module, public Actor {
  public:
    /// `bytes`: how much of it the program uses; none is kept when `functional` is false.
    Memory(const sc_core::sc_module_name& name, Agenda& agenda, std::int64_t bytes, bool functional);

    tlm_utils::passthrough_target_socket_tagged<Memory> near{"near"};        ///< for the place that it belongs to
    tlm_utils::passthrough_target_socket_tagged<Memory> network{"network"};  ///< for all others

    /// The bytes; null when timing only.
    std::uint8_t* bytes() { return data_.get(); }
    std::int64_t size() const { return static_cast<std::int64_t>(size_); }
    Ticks busy_ticks() const { return busy_; }

    /// Called with whether the port is in service, at each change, if set.
    std::function<void(bool)> on_port;

    void complete(std::uint64_t what) override;
    void arbitrate() override;

  private:
    tlm::tlm_sync_enum nb_transport_fw(int id, tlm::tlm_generic_payload& payload, tlm::tlm_phase& phase, sc_core::sc_time& delay);
    void b_transport(int id, tlm::tlm_generic_payload& payload, sc_core::sc_time& delay);
    unsigned int transport_dbg(int id, tlm::tlm_generic_payload& payload);
    bool get_direct_mem_ptr(int id, tlm::tlm_generic_payload& payload, tlm::tlm_dmi& dmi);
    void access(tlm::tlm_generic_payload& payload, const Transfer* transfer) {
        payload.set_response_status(tlm::TLM_OK_RESPONSE);
        if (functional_ && payload.get_data_ptr() != nullptr) {
            move_bytes(payload, transfer);
        }
    }
    void move_bytes(tlm::tlm_generic_payload& payload, const Transfer* transfer);

    Agenda& agenda_;
    bool functional_;
    struct Free {
        void operator()(std::uint8_t* bytes) const { std::free(bytes); }
    };
    std::size_t size_;
    std::unique_ptr<std::uint8_t[], Free> data_;  ///< from calloc: pages that nothing touches take no memory
    Transfer* fresh_ = nullptr;                   ///< requests of this tick, in order of their keys
    hw::SinglePort port_;
    Ticks busy_ = 0;
};

}  // namespace cim::platform
