// Flows of a Conv: windows into crossbars, sums merged along the cores of a column, results requantised.
#include <algorithm>

#include <fmt/format.h>

#include "compiler/codegen/generator.h"

namespace cim::compiler {

void Generator::conv_flows(int index) {
    const NodeMemory& memory = memory_.nodes[at(index)];
    add_groups(index);
    if (machine_.mode == hw::ComputingMode::CM) {
        add_slices(index);
    }
    for (const CoreCode& core : cores_) {
        read_flow(index, core.reader);
        free_flow(index, core.reader);
        note_milestones(index, core);
    }
    int taking = 0;
    for (std::size_t g = 0; g < memory.groups.size(); ++g) {
        const auto group = static_cast<int>(g);
        if (memory.groups[g].own == 0) {
            continue;  // its core requantises
        }
        merge_flow(index, group);
        if (!memory.groups[g].home) {
            partial_flow(index, group);
        }
        if (memory.groups[g].takes_sums) {
            sums_flow(index, group, taking++);
        }
    }
}

void Generator::add_groups(int index) {
    const NodeMemory& memory = memory_.nodes[at(index)];
    const std::string& name = label(index);
    cores_.clear();
    groups_.assign(memory.groups.size(), {});
    for (std::size_t g = 0; g < memory.groups.size(); ++g) {
        const Group& group = memory.groups[g];
        GroupCode& code = groups_[g];
        if (cores_.empty() || cores_.back().core != group.core || cores_.back().copy != group.copy) {
            cores_.emplace_back();
            cores_.back().copy = group.copy;
            cores_.back().core = group.core;
            cores_.back().reader = static_cast<int>(cores_.size()) - 1;
        }
        CoreCode& core = cores_.back();
        code.core = cores_.size() - 1;
        code.position = static_cast<int>(core.groups.size());
        core.groups.push_back(static_cast<int>(g));
        core.reads += static_cast<std::int64_t>(group.tiles.size());
        if (group.own == 0) {
            continue;
        }
        const std::string group_name = fmt::format("{}.sums.{}.{}{}", name, group.core, group.col, tag_of(index, group.copy));
        code.buffer = builder_.buffer(group_name, group.core, group.offset, group.slots * group.slot_bytes());
        if (group.before >= 0 || group.takes_sums) {
            code.arrived = builder_.counter(group_name + ".arrived", 1, group.core, isa::CounterRole::Data);
        }
        if (!group.home) {
            code.summed = builder_.counter(group_name + ".ready", 1, group.core, isa::CounterRole::Data);
        }
    }
    const bool slices = machine_.mode == hw::ComputingMode::CM;
    for (CoreCode& core : cores_) {
        core.staged = memory.staged(0);
        core.landing = memory.landings[0][0];
        core.grid = grid_of(index, core.copy);
        core.reading = reading_of(graph_, node(index), 0, core.grid);
        core.grain = memory.grains[at(core.copy)];
        for (const int landing : memory.landings[0]) {
            core.landing = receives(memory_.landings[at(landing)], core) ? landing : core.landing;
        }
        core.landing_reader = static_cast<int>(std::count_if(
            cores_.data(), &core, [&](const CoreCode& other) { return other.core == core.core && other.landing == core.landing; }));
        const std::string core_name = fmt::format("{}.{}{}", name, core.core, tag_of(index, core.copy));
        core.done = builder_.counter(core_name + ".done", slices ? static_cast<std::int64_t>(core.groups.size()) : 1, core.core,
                                     isa::CounterRole::Data);
        core.sums_free =
            builder_.counter(core_name + ".sums_free", static_cast<std::int64_t>(core.groups.size()), core.core, isa::CounterRole::Space);
    }
}

bool Generator::receives(const Landing& landing, const CoreCode& core) {
    const Reading& r = landing.reading;
    const bool own = r.y0 == core.grid.y0 && r.dy == core.grid.dy && r.x0 == core.grid.x0;
    return landing.place == core.core && (own || !core.reading.apart());
}

void Generator::note_milestones(int index, const CoreCode& core) {
    Milestone done{core.done, 0, core.reading.positions() * core.reads};
    if (machine_.mode == hw::ComputingMode::CM) {
        // Its slices are read in turn.
        const Group& last = memory_.nodes[at(index)].groups[at(core.groups.back())];
        done.an_image = core.reading.positions();
        if (last.own == 0) {
            done.counter = outboxes_[at(index)][at(part_of(index, last))].out;
        } else {
            done.element = groups_[at(core.groups.back())].position;
        }
    }
    for (const int group : core.groups) {
        for (const int tile : memory_.nodes[at(index)].groups[at(group)].tiles) {
            milestones_.crossbars[{core.core, placement_[at(index)].tiles[at(tile)].xb}].push_back(done);
        }
    }
}

int Generator::part_of(int index, const Group& group) const {
    const NodePlacement& placement = placement_[at(index)];
    return static_cast<int>(&placement.part_of(placement.tiles[at(group.tiles[0])]) - placement.parts.data());
}

void Generator::merge_flow(int index, int g) {
    const Group& group = memory_.nodes[at(index)].groups[at(g)];
    const GroupCode& code = groups_[at(g)];
    const CoreCode& core = cores_[code.core];
    const std::int64_t terms = group.terms();
    const bool gives_sums = group.home && params_[at(index)] < 0;
    FlowBuilder f(builder_, gives_sums ? "merge_sums" : (group.home ? "merge" : "merge_part"),
                  fmt::format("{}.merge.{}.{}{}", label(index), group.core, group.col, tag_of(index, group.copy)), op_of(index), group.core,
                  isa::Engine::Alu);
    const Ex one = f.constant(1);
    const Ex cols = f.number("cols", group.cols);
    f.loop("w", f.batch() * f.number("positions", core.reading.positions()), [&](Ex w) {
        if (machine_.mode == hw::ComputingMode::CM) {
            f.await_at(f.counter("done", core.done), f.number("slice", code.position), one, w + 1);
        } else {
            f.await(f.counter("done", core.done), one, (w + 1) * f.number("reads", core.reads));
        }
        if (group.before >= 0 || group.takes_sums) {
            f.await(f.counter("arrived", code.arrived), one, w + 1);
        }
        const Ex slot =
            f.buffer("sums", code.buffer) + mod(w, f.number("sum_slots", group.slots)) * f.number("sum_slot", group.slot_bytes());
        const auto sum_to = [&](Ex dst) {
            f.op(isa::Opcode::Sum, {{"dst", dst},
                                    {"src", slot},
                                    {"n", cols},
                                    {"count", f.number("terms", terms)},
                                    {"pitch", f.number("pitch", 4LL * group.cols)}});
        };
        if (!group.home) {
            if (terms > 1) {
                sum_to(slot);
            }
            f.signal(f.counter("summed", code.summed), one);
            return;
        }
        const int part = part_of(index, group);
        const Outbox& outbox = memory_.nodes[at(index)].outboxes[at(part)];
        const OutboxCode& results = outboxes_[at(index)][at(part)];
        const Ex slots = f.number("slots", outbox.slots);
        await_sent(f, results, w + 1 - slots);
        const Ex dst = f.buffer("dst", results.buffer) + mod(w, slots) * f.number("slot", outbox.pitch);
        if (gives_sums) {
            sum_to(dst);
        } else {
            f.op(isa::Opcode::Requant, {{"dst", dst},
                                        {"src", slot},
                                        {"n", cols},
                                        {"param", f.param("param", params_[at(index)])},
                                        {"channel", f.number("channel", group.col)},
                                        {"count", f.number("terms", terms)},
                                        {"pitch", f.number("pitch", 4LL * group.cols)}});
        }
        f.signal_at(f.counter("sums_free", core.sums_free), f.number("group", code.position), one);
        f.signal(f.counter("out", results.out), one);
    });
    f.finish();
}

void Generator::partial_flow(int index, int g) {
    const std::vector<Group>& groups = memory_.nodes[at(index)].groups;
    const Group& group = groups[at(g)];
    const GroupCode& code = groups_[at(g)];
    const auto next = std::find_if(groups.begin(), groups.end(),
                                   [&](const Group& x) { return x.before == group.core && x.col == group.col && x.copy == group.copy; });
    const Group& target = *next;
    const GroupCode& target_code = groups_[static_cast<std::size_t>(next - groups.begin())];
    const Reading r = reading_of(graph_, node(index), 0, grid_of(index, group.copy));
    FlowBuilder f(builder_, "send_sums",
                  fmt::format("{}.sums.{}.{}{}.send", label(index), group.core, group.col, tag_of(index, group.copy)), op_of(index),
                  group.core, isa::Engine::Move);
    const Ex one = f.constant(1);
    f.loop("w", f.batch() * f.number("positions", r.positions()), [&](Ex w) {
        f.await(f.counter("summed", code.summed), one, w + 1);
        f.await_at(f.counter("room", cores_[target_code.core].sums_free), f.number("room_index", target_code.position), one,
                   w + 1 - f.number("room_slots", target.slots));
        f.op(isa::Opcode::Send,
             {{"core", f.number("core", target.core)},
              {"dst", f.buffer("dst", target_code.buffer) +
                          mod(w, f.number("room_slots", target.slots)) * f.number("room_slot", target.slot_bytes()) +
                          f.number("place", 4LL * target.own * target.cols)},
              {"src", f.buffer("src", code.buffer) + mod(w, f.number("sum_slots", group.slots)) * f.number("sum_slot", group.slot_bytes())},
              {"n", f.number("bytes", 4LL * group.cols)}});
        f.signal(f.counter("arrived", target_code.arrived), one);
        f.signal_at(f.counter("sums_free", cores_[code.core].sums_free), f.number("group", code.position), one);
    });
    f.finish();
}

void Generator::sums_flow(int index, int g, int reader) {
    const Group& group = memory_.nodes[at(index)].groups[at(g)];
    const GroupCode& code = groups_[at(g)];
    const int landing_index = memory_.nodes[at(index)].landings[1][0];
    const Landing& landing = memory_.landings[at(landing_index)];
    const LandingCode& landing_code = landings_[at(landing_index)];
    FlowBuilder f(builder_, "take_sums", fmt::format("{}.sums.{}.{}.take", label(index), group.core, group.col), op_of(index), group.core,
                  isa::Engine::Move);
    const Ex one = f.constant(1);
    const Ex slots = f.number("sum_slots", group.slots);
    for_positions(
        f, landing.reading,
        [&](Ex n, Ex oy, Ex ox, Ex w) {
            await_window(f, landing, landing_code, n, oy, ox);
            f.await_at(f.counter("sums_free", cores_[code.core].sums_free), f.number("group", code.position), one, w + 1 - slots);
            std::vector<FlowBuilder::Field> fields = ring_window(f, landing, landing_code, n, oy, ox, group.col, group.col + group.cols,
                                                                 f.constant(0), f.number("bytes", 4LL * group.cols));
            fields.emplace_back("dst", f.buffer("dst", code.buffer) + mod(w, slots) * f.number("sum_slot", group.slot_bytes()) +
                                           f.number("place", 4LL * group.own * group.cols));
            f.op(isa::Opcode::Load, fields);
            f.signal(f.counter("arrived", code.arrived), one);
        },
        [&](Ex, Ex) { f.signal_at(f.counter("freed", landing_code.freed), f.number("reader", reader), one); },
        [&](Ex n) { await_turn(f, index, n); });
    f.finish();
}

const Grid& Generator::grid_of(int index, int copy) const {
    return placement_[at(index)].copies[at(copy)];
}

std::string Generator::tag_of(int index, int copy) const {
    return tag(grid_of(index, copy).y0, grid_of(index, copy).x0);
}

}  // namespace cim::compiler
