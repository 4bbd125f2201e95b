#pragma once
// What the platform's modules add to a TLM-2.0 generic payload: the time that each station takes, and where it went.

#include <cstdint>
#include <systemc>
#include <tlm>

#include "hw_models/spec/machine.h"
#include "isa/program.h"
#include "isa/semantics/accesses.h"

namespace cim::platform {

using hw::Ticks;

struct Operation;

/// Where a transfer goes and what time that takes without contention: the same for all operations of one price.
struct alignas(64) Route {
    Ticks lead = 0;        ///< of crossbar or ALU before it
    Ticks port_ticks = 0;  ///< service at the memory's port
    Ticks noc_ticks = 0;   ///< in the network
    std::int64_t flits = 0;
    int src_node = 0;
    int dst_node = 0;                   ///< of an L1 that is reached through the network also the core
    isa::Space space = isa::Space::L1;  ///< memory that the payload's address belongs to
    bool own = false;                   ///< memory of the place itself, beside the network
    bool write = false;
};

/// Extension of every payload. Filled by the initiator before BEGIN_REQ; the waits are filled on the way.
struct Transfer final : tlm::tlm_extension<Transfer> {
    const Route* route = nullptr;
    const isa::Window* window = nullptr;  ///< reads or writes the bytes of a window instead of consecutive ones
    std::int64_t key = 0;                 ///< order among requests of one tick

    Ticks requested = 0;  ///< set by each station
    Ticks done = 0;       ///< with the response: when it is served; the response may come before (timing annotation)
    Ticks port_wait = 0;
    Ticks link_wait = 0;
    Operation* operation = nullptr;               ///< whose transfer it is
    bool from_network = false;                    ///< how it came to the memory, to find the way back
    int noc_reply_to = 0;                         ///< likewise at the network: index of its socket
    tlm::tlm_generic_payload* payload = nullptr;  ///< set by a memory, with
    Transfer* next = nullptr;                     ///< what it grants after this one

    tlm_extension_base* clone() const override { return new Transfer(*this); }
    void copy_from(const tlm_extension_base& other) override { *this = static_cast<const Transfer&>(other); }
};

/// The payload of every non-blocking transaction in the platform: a generic one that brings its extension with it. Others find it by
/// get_extension(); the platform's modules, which ask several times an operation, by transfer_of().
struct Payload final : tlm::tlm_generic_payload {
    Transfer transfer;

    Payload() { set_extension(&transfer); }
    ~Payload() override { clear_extension(&transfer); }
    Payload(const Payload&) = delete;
    Payload& operator=(const Payload&) = delete;
};

inline Transfer& transfer_of(tlm::tlm_generic_payload& payload) {
    return static_cast<Payload&>(payload).transfer;
}

}  // namespace cim::platform
