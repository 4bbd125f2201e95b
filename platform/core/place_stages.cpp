// The way of an operation through its stages: fixed times, and transfers over TLM-2.0 sockets.
#include <algorithm>

#include "platform/core/execute.h"
#include "platform/core/place.h"

namespace cim::platform {

void Place::proceed(Operation& operation, Ticks at) {
    const Price& price = *operation.price;
    const Ticks now = context_.agenda.now();
    if (operation.transfers < price.transfers) {
        at += price.routes[operation.transfers].lead;
        if (at > now) {
            schedule(operation, at, TransferBegins);
        } else {
            transfer(operation);
        }
        return;
    }
    at = std::max(at + price.tail, operation.started + price.issue_ticks);
    if (at > now) {
        schedule(operation, at, OperationEnds);
        __builtin_prefetch(operation.flow);
        if (operation.signal >= 0) {
            context_.counters.fetch_ahead(operation.signal);
        }
    } else {
        operation_ended(operation);
    }
}

inline bool Place::transport(Operation& operation) {
    const Route& route = operation.price->routes[operation.transfers];
    Transfer& transfer = operation.payload.transfer;
    transfer.route = &route;
    transfer.port_wait = 0;
    transfer.link_wait = 0;
    tlm::tlm_generic_payload& payload = operation.payload;
    payload.set_command(route.write ? tlm::TLM_WRITE_COMMAND : tlm::TLM_READ_COMMAND);
    payload.set_response_status(tlm::TLM_INCOMPLETE_RESPONSE);
    if (context_.functional) {
        transfer.window = nullptr;
        payload.set_data_ptr(nullptr);
        payload.set_data_length(0);
        if (!route.own) {
            address_payload(context_, *this, operation);
        }
    }
    tlm::tlm_phase phase = tlm::BEGIN_REQ;
    sc_core::sc_time delay = context_.agenda.delay();
    tlm_utils::simple_initiator_socket<Place>& socket = route.own ? local : remote;
    return socket->nb_transport_fw(payload, phase, delay) == tlm::TLM_COMPLETED;
}

void Place::transfer(Operation& operation) {
    if (transport(operation)) {
        check_response(operation);
        ++operation.transfers;
        proceed(operation, context_.agenda.now());
    }
}

tlm::tlm_sync_enum Place::nb_transport_bw(tlm::tlm_generic_payload& payload, tlm::tlm_phase& phase, sc_core::sc_time&) {
    if (phase == tlm::BEGIN_RESP) {
        Operation& operation = *transfer_of(payload).operation;
        check_response(operation);
        const Transfer& transfer = operation.payload.transfer;
        if (transfer.port_wait != 0 || transfer.link_wait != 0) {
            book_waits(operation);
        }
        ++operation.transfers;
        proceed(operation, transfer.done);
    }
    return tlm::TLM_COMPLETED;
}

void Place::book_waits(Operation& operation) {
    const Transfer& transfer = operation.payload.transfer;
    CauseTimes& times = operation.flow->statistics().times;
    const auto wait = [&](Cause cause, Ticks ticks) {
        if (ticks == 0) {
            return;
        }
        times[static_cast<std::size_t>(cause)] += ticks;
        if (!operation.async) {
            // The engine's time is booked as busy from dispatch to completion.
            CauseTimes& engine = engine_of(*operation.flow).statistics->times;
            engine[static_cast<std::size_t>(cause)] += ticks;
            engine[static_cast<std::size_t>(Cause::Busy)] -= ticks;
        }
    };
    wait(transfer.route->space == isa::Space::Ext ? Cause::Memory : Cause::Port, transfer.port_wait);
    wait(Cause::Link, transfer.link_wait);
}

}  // namespace cim::platform
