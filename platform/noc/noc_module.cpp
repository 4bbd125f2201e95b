#include "platform/noc/noc_module.h"

#include <algorithm>

namespace cim::platform {

NocModule::NocModule(const sc_core::sc_module_name& name, Agenda& agenda, const hw::Machine& machine)
    : sc_module(name), agenda_(agenda), model_(hw::make_noc(machine)), contends_(model_->contends()), cores_(machine.core_count()) {
    from_cores.register_nb_transport_fw(this, &NocModule::nb_transport_fw);
    to_memories.register_nb_transport_bw(this, &NocModule::nb_transport_bw);
}

void NocModule::watch_links() {
    model_->record_link_changes(true);
}

tlm::tlm_sync_enum NocModule::nb_transport_fw(int id, tlm::tlm_generic_payload& payload, tlm::tlm_phase& phase, sc_core::sc_time&) {
    if (phase == tlm::END_RESP) {
        return tlm::TLM_COMPLETED;
    }
    Transfer& transfer = transfer_of(payload);
    transfer.noc_reply_to = id;
    transfer.done = agenda_.now();
    const bool done =
        payload.is_write() ? travel(payload, transfer) && serve(payload, transfer) : serve(payload, transfer) && travel(payload, transfer);
    if (done) {
        return tlm::TLM_COMPLETED;
    }
    phase = tlm::END_REQ;
    return tlm::TLM_UPDATED;
}

bool NocModule::travel(tlm::tlm_generic_payload& payload, Transfer& transfer) {
    if (transfer.route->noc_ticks == 0) {
        return true;
    }
    std::uint32_t slot = 0;
    if (unused_.empty()) {
        slot = static_cast<std::uint32_t>(travelling_.size());
        travelling_.push_back({&payload, &transfer});
    } else {
        slot = unused_.back();
        unused_.pop_back();
        travelling_[slot] = {&payload, &transfer};
    }
    if (!contends_) {
        transfer.requested = transfer.done;
        agenda_.complete_at(transfer.done + transfer.route->noc_ticks, *this, entry_of(slot, Arrives));
    } else if (transfer.done > agenda_.now()) {
        agenda_.complete_at(transfer.done, *this, entry_of(slot, Enters));
    } else {
        enter(slot);
    }
    return false;
}

void NocModule::enter(std::uint32_t slot) {
    travelling_[slot].transfer->requested = agenda_.now();
    fresh_.push_back(slot);
    agenda_.arbitrate_now(*this);
}

void NocModule::arrive(std::uint32_t slot) {
    const auto [payload, transfer] = travelling_[slot];
    unused_.push_back(slot);
    transfer->link_wait += agenda_.now() - transfer->requested - transfer->route->noc_ticks;
    transfer->done = agenda_.now();
    if (!payload->is_write() || serve(*payload, *transfer)) {
        reply(*payload, *transfer);
    }
}

bool NocModule::serve(tlm::tlm_generic_payload& payload, const Transfer& transfer) {
    int target = transfer.route->dst_node;
    if (transfer.route->space == isa::Space::L0) {
        target = cores_;
    } else if (transfer.route->space == isa::Space::Ext) {
        target = cores_ + 1;
    }
    tlm::tlm_phase phase = tlm::BEGIN_REQ;
    sc_core::sc_time delay = agenda_.delay();
    return to_memories[target]->nb_transport_fw(payload, phase, delay) == tlm::TLM_COMPLETED;
}

tlm::tlm_sync_enum NocModule::nb_transport_bw(int, tlm::tlm_generic_payload& payload, tlm::tlm_phase& phase, sc_core::sc_time&) {
    if (phase != tlm::BEGIN_RESP) {
        return tlm::TLM_ACCEPTED;
    }
    Transfer& transfer = transfer_of(payload);
    if (payload.is_read() && !contends_) {
        transfer.done += transfer.route->noc_ticks;  // when its data will be there is known already
        reply(payload, transfer);
    } else if (payload.is_write() || travel(payload, transfer)) {
        reply(payload, transfer);
    }
    return tlm::TLM_COMPLETED;
}

void NocModule::reply(tlm::tlm_generic_payload& payload, const Transfer& transfer) {
    tlm::tlm_phase phase = tlm::BEGIN_RESP;
    sc_core::sc_time delay = agenda_.delay_to(transfer.done);
    from_cores[transfer.noc_reply_to]->nb_transport_bw(payload, phase, delay);
}

void NocModule::arbitrate() {
    if (fresh_.size() > 1) {
        std::sort(fresh_.begin(), fresh_.end(),
                  [this](std::uint32_t a, std::uint32_t b) { return travelling_[a].transfer->key < travelling_[b].transfer->key; });
    }
    for (const std::uint32_t slot : fresh_) {
        const Route& route = *travelling_[slot].transfer->route;
        model_->request(agenda_.now(), {slot, route.src_node, route.dst_node, route.flits});
    }
    fresh_.clear();
    model_->arbitrate(agenda_.now());
    report_links();
    schedule();
}

void NocModule::complete(std::uint64_t what) {
    switch (what & 3U) {
        case Enters: enter(static_cast<std::uint32_t>(what >> 2U)); return;
        case Arrives: arrive(static_cast<std::uint32_t>(what >> 2U)); return;
        default: break;
    }
    if (scheduled_ != agenda_.now()) {
        return;  // overtaken by an earlier wake-up
    }
    scheduled_ = -1;
    delivered_.clear();
    model_->advance(agenda_.now(), delivered_);
    report_links();
    agenda_.arbitrate_now(*this);
    for (const std::uint64_t slot : delivered_) {
        arrive(static_cast<std::uint32_t>(slot));
    }
}

void NocModule::schedule() {
    if (const std::optional<Ticks> next = model_->next()) {
        if (scheduled_ < 0 || *next < scheduled_) {
            scheduled_ = *next;
            agenda_.complete_at(*next, *this, ModelMoves);
        }
    }
}

void NocModule::report_links() {
    if (!on_link) {
        return;
    }
    model_->drain_link_changes(changes_);
    for (const auto& [link, busy] : changes_) {
        on_link(link, busy);
    }
}

}  // namespace cim::platform
