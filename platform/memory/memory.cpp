#include "platform/memory/memory.h"

#include <cstring>
#include <new>
#include <utility>

namespace cim::platform {

namespace {
enum Socket { from_near, from_network };
}

Memory::Memory(const sc_core::sc_module_name& name, Agenda& agenda, std::int64_t bytes, bool functional)
    : sc_module(name), agenda_(agenda), functional_(functional), size_(functional ? static_cast<std::size_t>(bytes) : 0) {
    if (size_ > 0) {
        data_.reset(static_cast<std::uint8_t*>(std::calloc(size_, 1)));
        if (data_ == nullptr) {
            throw std::bad_alloc();
        }
    }
    for (auto* socket : {&near, &network}) {
        const int id = socket == &network ? from_network : from_near;
        socket->register_nb_transport_fw(this, &Memory::nb_transport_fw, id);
        socket->register_b_transport(this, &Memory::b_transport, id);
        socket->register_transport_dbg(this, &Memory::transport_dbg, id);
        socket->register_get_direct_mem_ptr(this, &Memory::get_direct_mem_ptr, id);
    }
}

void Memory::move_bytes(tlm::tlm_generic_payload& payload, const Transfer* transfer) {
    if (transfer != nullptr && transfer->window != nullptr) {
        const bool inside = isa::for_each_piece(*transfer->window, [&](std::int64_t address, std::int64_t bytes, std::int64_t offset) {
            if (address < 0 || bytes > size() - address) {
                return false;
            }
            std::uint8_t* here = data_.get() + address;
            std::uint8_t* there = payload.get_data_ptr() + offset;
            std::memcpy(payload.is_write() ? here : there, payload.is_write() ? there : here, static_cast<std::size_t>(bytes));
            return true;
        });
        if (!inside) {
            payload.set_response_status(tlm::TLM_ADDRESS_ERROR_RESPONSE);
        }
        return;
    }
    const std::uint64_t address = payload.get_address();
    const std::uint64_t length = payload.get_data_length();
    if (address > size_ || length > size_ - address) {
        payload.set_response_status(tlm::TLM_ADDRESS_ERROR_RESPONSE);
        return;
    }
    if (payload.is_write()) {
        std::memcpy(data_.get() + address, payload.get_data_ptr(), length);
    } else if (payload.is_read()) {
        std::memcpy(payload.get_data_ptr(), data_.get() + address, length);
    }
}

tlm::tlm_sync_enum Memory::nb_transport_fw(int id, tlm::tlm_generic_payload& payload, tlm::tlm_phase& phase, sc_core::sc_time&) {
    if (phase == tlm::END_RESP) {
        return tlm::TLM_COMPLETED;
    }
    Transfer& transfer = transfer_of(payload);
    transfer.from_network = id == from_network;
    transfer.requested = agenda_.now();
    if (transfer.route->port_ticks == 0) {
        transfer.done = agenda_.now();
        access(payload, &transfer);
        return tlm::TLM_COMPLETED;
    }
    transfer.payload = &payload;
    Transfer** at = &fresh_;
    while (*at != nullptr && (*at)->key < transfer.key) {
        at = &(*at)->next;
    }
    transfer.next = *at;
    *at = &transfer;
    agenda_.arbitrate_now(*this);
    phase = tlm::END_REQ;
    return tlm::TLM_UPDATED;
}

void Memory::arbitrate() {
    const Ticks now = agenda_.now();
    // A response may bring the initiator to its next request, which belongs to a later tick: the list does not grow meanwhile.
    Transfer* next = std::exchange(fresh_, nullptr);
    while (next != nullptr) {
        Transfer& transfer = *std::exchange(next, next->next);
        const Ticks service = transfer.route->port_ticks;
        const Ticks begin = port_.grant(now, service);
        transfer.done = begin + service;
        transfer.port_wait += begin - transfer.requested;
        busy_ += service;
        if (on_port) {
            on_port(true);
            agenda_.complete_at(transfer.done, *this);
        }
        access(*transfer.payload, &transfer);
        tlm::tlm_phase phase = tlm::BEGIN_RESP;
        sc_core::sc_time delay = agenda_.delay_to(transfer.done);
        (transfer.from_network ? network : near)->nb_transport_bw(*transfer.payload, phase, delay);
    }
}

void Memory::complete(std::uint64_t) {
    if (on_port && port_.free_at() <= agenda_.now()) {
        on_port(false);
    }
}

void Memory::b_transport(int, tlm::tlm_generic_payload& payload, sc_core::sc_time& delay) {
    Transfer* transfer = nullptr;
    payload.get_extension(transfer);
    if (transfer != nullptr) {
        delay += agenda_.time_of(transfer->route->port_ticks);
    }
    access(payload, transfer);
}

unsigned int Memory::transport_dbg(int, tlm::tlm_generic_payload& payload) {
    Transfer* transfer = nullptr;
    payload.get_extension(transfer);
    access(payload, transfer);
    return payload.is_response_ok() && functional_ ? payload.get_data_length() : 0;
}

bool Memory::get_direct_mem_ptr(int, tlm::tlm_generic_payload& payload, tlm::tlm_dmi& dmi) {
    if (data_ == nullptr) {
        return false;
    }
    dmi.set_dmi_ptr(data_.get());
    dmi.set_start_address(0);
    dmi.set_end_address(size_ - 1);
    dmi.allow_read_write();
    payload.set_response_status(tlm::TLM_OK_RESPONSE);
    return true;
}

}  // namespace cim::platform
