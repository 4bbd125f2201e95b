#include "platform/chip/chip.h"

#include <algorithm>
#include <string>

namespace cim::platform {

namespace {

/// Bytes of each memory that the program's buffers and tensors reach: [core], then L0, then external.
std::vector<std::int64_t> memory_sizes(const isa::Program& program, int cores, std::int64_t batch) {
    std::vector<std::int64_t> sizes(static_cast<std::size_t>(cores) + 2, 0);
    for (const isa::Buffer& buffer : program.buffers) {
        const int memory = buffer.space == isa::Space::L1 ? buffer.core : (buffer.space == isa::Space::L0 ? cores : cores + 1);
        std::int64_t& size = sizes[static_cast<std::size_t>(memory)];
        size = std::max(size, buffer.offset + buffer.size);
    }
    for (const auto* tensors : {&program.inputs, &program.outputs, &program.spills}) {
        for (const isa::Tensor& tensor : *tensors) {
            sizes.back() = std::max(sizes.back(), tensor.ext_offset + batch * tensor.size);
        }
    }
    return sizes;
}

}  // namespace

Chip::Chip(const sc_core::sc_module_name& name, Context& context, const std::vector<isa::ResolvedFlow>& flows)
    : sc_module(name), context_(context), segments_(context.program.segment_count()) {
    const int cores = context.machine.core_count();
    const std::vector<std::int64_t> sizes =
        memory_sizes(context.program, cores, static_cast<std::int64_t>(context.statistics.image_ends.size()));
    const auto make_memory = [&](const std::string& memory_name, int index) {
        return std::make_unique<Memory>(memory_name.c_str(), context.agenda, sizes[static_cast<std::size_t>(index)], context.functional);
    };
    noc_ = std::make_unique<NocModule>("noc", context.agenda, context.machine);
    for (int core = 0; core < cores; ++core) {
        const std::string core_name = "core" + std::to_string(core);
        places_.push_back(std::make_unique<Place>(core_name.c_str(), context, core));
        l1_.push_back(make_memory(core_name + "_l1", core));
        places_.back()->local.bind(l1_.back()->near);
        places_.back()->remote.bind(noc_->from_cores);
        noc_->to_memories.bind(l1_.back()->network);
    }
    l0_ = make_memory("l0", cores);
    external_ = make_memory("external", cores + 1);
    places_.push_back(std::make_unique<Place>("controller", context, isa::chip));
    places_.back()->local.bind(l0_->near);
    places_.back()->remote.bind(external_->near);
    noc_->to_memories.bind(l0_->network);
    noc_->to_memories.bind(external_->network);
    for (const isa::ResolvedFlow& flow : flows) {
        const isa::Index place = context.program.flows[static_cast<std::size_t>(flow.id)].place;
        places_[static_cast<std::size_t>(place == isa::chip ? cores : place)]->bind_flow(flow);
    }
    context.on_drained = [this] { drained(); };
    if (context.power) {
        context.agenda.on_dispatched = [this] { admit(); };
    }
}

void Chip::connect_observer() {
    Observer* observer = context_.observer;
    if (observer == nullptr) {
        return;
    }
    Agenda& agenda = context_.agenda;
    const auto watch = [&](Memory& memory, int number) {
        memory.on_port = [observer, &agenda, number](bool busy) { observer->port(agenda.now(), number, busy); };
    };
    const int cores = context_.machine.core_count();
    for (int core = 0; core < cores; ++core) {
        watch(*l1_[static_cast<std::size_t>(core)], core);
    }
    watch(*l0_, cores);
    watch(*external_, cores + 1);
    noc_->watch_links();
    noc_->on_link = [observer, &agenda](int link, bool busy) { observer->link(agenda.now(), link, busy); };
    context_.counters.on_change = [observer, &agenda](isa::Index counter, std::int64_t value) {
        observer->counter(agenda.now(), counter, value);
    };
}

void Chip::start() {
    connect_observer();
    begin(isa::setup);
    if (context_.unfinished == 0) {
        drained();
    }
    context_.agenda.start();
}

void Chip::begin(isa::Index segment) {
    context_.segment = segment;
    if (segment != isa::setup) {
        context_.statistics.segments.push_back({context_.agenda.now() - context_.run_start, 0});
    }
    for (const std::unique_ptr<Place>& place : places_) {
        place->begin(segment);
    }
}

void Chip::drained() {
    const Ticks sync = context_.machine.chip.sync_latency * context_.machine.chip_clock.ticks_per_cycle;
    while (context_.unfinished == 0) {
        if (context_.segment == isa::setup) {
            end_setup();
        } else {
            context_.statistics.segments.back().end = context_.agenda.now() - context_.run_start;
            if (context_.segment + 1 >= segments_) {
                return;
            }
            if (sync > 0) {
                ++context_.unfinished;
                context_.agenda.complete_at(context_.agenda.now() + sync, *this);
                return;
            }
        }
        begin(context_.segment + 1);
    }
}

void Chip::complete(std::uint64_t) {
    --context_.unfinished;
    begin(context_.segment + 1);
    drained();
}

void Chip::admit() {
    context_.power->admit([this](const pricing::PowerManager::Request& request) {
        places_[request.engine / isa::engine_count]->begin(static_cast<isa::Engine>(request.engine % isa::engine_count));
    });
}

void Chip::end_setup() {
    context_.run_start = context_.agenda.now();
    Statistics& statistics = context_.statistics;
    for (const std::unique_ptr<Place>& place : places_) {
        place->close_books();
        if (place->crossbars() != nullptr) {
            place->crossbars()->forget_busy_ticks();
        }
    }
    for (OperatorStatistics& op : statistics.operators) {
        for (std::size_t e = 0; e < hw::event_count; ++e) {
            setup_events_[e] += op.events[e];
        }
        op = {};
    }
    for (auto& engines : statistics.engines) {
        engines = {};
    }
    for (hw::EventCounts& events : statistics.place_events) {
        events = {};
    }
}

void Chip::finish() {
    Statistics& statistics = context_.statistics;
    for (const std::unique_ptr<Place>& place : places_) {
        place->close_books();
        if (CrossbarArray* crossbars = place->crossbars()) {
            statistics.crossbar_busy[static_cast<std::size_t>(place->number())] = crossbars->busy_ticks();
            statistics.most_writes = std::max(statistics.most_writes, crossbars->most_writes());
            statistics.adc.conversions += crossbars->loss().conversions;
            statistics.adc.lossy += crossbars->loss().lossy;
        }
    }
}

}  // namespace cim::platform
