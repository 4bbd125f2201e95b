// The way of an operation through its stages: fixed times, and transfers over TLM-2.0 sockets.
#include <algorithm>

#include "platform/core/execute.h"
#include "platform/core/place.h"

namespace cim::platform {

void Place::proceed(Operation& operation, Ticks at) {
    const hw::OpCost& cost = operation.price->cost;
    Agenda& agenda = context_.agenda;
    while (operation.stage < cost.stage_count) {
        const hw::Stage& stage = cost.stages[operation.stage];
        if (stage.resource == hw::Resource::Crossbar || stage.resource == hw::Resource::Alu) {
            // Nobody else can ask for it: its end is known already.
            at += stage.ticks;
            ++operation.stage;
            continue;
        }
        if (at > agenda.now()) {
            agenda.complete_at(at, *this, entry_of(operation, StageBegins));
            return;
        }
        if (!transport(operation)) {
            return;
        }
        check_response(operation);
        operation.stage = static_cast<std::uint8_t>(operation.stage + operation.payload.transfer.route->stages);
    }
    at = std::max(at, operation.started + cost.issue_ticks);
    if (at > agenda.now()) {
        agenda.complete_at(at, *this, entry_of(operation, OperationEnds));
    } else {
        operation_ended(operation);
    }
}

bool Place::transport(Operation& operation) {
    const Route& route = operation.price->routes[operation.stage];
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

tlm::tlm_sync_enum Place::nb_transport_bw(tlm::tlm_generic_payload& payload, tlm::tlm_phase& phase, sc_core::sc_time&) {
    if (phase == tlm::BEGIN_RESP) {
        Operation& operation = *transfer_of(payload).operation;
        transferred(operation);
        operation.stage = static_cast<std::uint8_t>(operation.stage + operation.payload.transfer.route->stages);
        proceed(operation, operation.payload.transfer.done);
    }
    return tlm::TLM_COMPLETED;
}

void Place::check_response(const Operation& operation) {
    if (!operation.payload.is_response_ok()) {
        SC_REPORT_ERROR("platform", operation.payload.get_response_string().c_str());
    }
}

void Place::transferred(Operation& operation) {
    check_response(operation);
    const Transfer& transfer = operation.payload.transfer;
    if (transfer.port_wait == 0 && transfer.link_wait == 0) {
        return;
    }
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
