// Flows of a Conv: windows into crossbars, sums merged along the cores of a column, results requantised.
#include <algorithm>

#include <fmt/format.h>

#include "compiler/codegen/generator.h"

namespace cim::compiler {

void Generator::conv_flows(int index) {
    const NodeMemory& memory = memory_.nodes[at(index)];
    add_groups(index);
    for (const CoreCode& core : cores_) {
        read_flow(index, core.reader);
        free_flow(index, core.reader);
    }
    int taking = 0;
    for (std::size_t g = 0; g < memory.groups.size(); ++g) {
        const auto group = static_cast<int>(g);
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
    const std::string& name = node(index).name;
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
        core.tiles += static_cast<std::int64_t>(group.tiles.size());
        const std::string group_name = fmt::format("{}.sums.{}.{}{}", name, group.core, group.col, tag_of(index, group.copy));
        code.buffer = builder_.buffer(group_name, group.core, group.offset, group.slots * group.slot_bytes());
        if (group.before >= 0 || group.takes_sums) {
            code.arrived = builder_.counter(group_name + ".arrived", 1, group.core, isa::CounterRole::Data);
        }
        if (!group.home) {
            code.summed = builder_.counter(group_name + ".ready", 1, group.core, isa::CounterRole::Data);
        }
    }
    for (CoreCode& core : cores_) {
        for (const int landing : memory.landings[0]) {
            core.landing = memory_.landings[at(landing)].place == core.core ? landing : core.landing;
        }
        core.landing_reader =
            static_cast<int>(std::count_if(cores_.data(), &core, [&](const CoreCode& other) { return other.core == core.core; }));
        const std::string core_name = fmt::format("{}.{}{}", name, core.core, tag_of(index, core.copy));
        core.done = builder_.counter(core_name + ".done", 1, core.core, isa::CounterRole::Data);
        core.sums_free =
            builder_.counter(core_name + ".sums_free", static_cast<std::int64_t>(core.groups.size()), core.core, isa::CounterRole::Space);
    }
}

std::vector<FlowBuilder::Field> Generator::staged_tile(FlowBuilder& f, const Reading& r, const Stage& stage, const StageCode& code,
                                                       const Tile& tile, int t, Ex w) {
    const auto own = [&](const char* parameter, std::int64_t value) { return f.number(parameter + std::to_string(t), value); };
    const Ex slot = f.buffer("src", code.buffer) + mod(w, f.number("slots", stage.slots)) * f.number("slot", align4(stage.bytes));
    const Ex rows = own("rows", tile.rows);
    if (tile.c0 == stage.c0 && tile.c1 == stage.c1) {
        return {{"src", slot + own("from", tile.row - stage.from)}, {"n", rows}};
    }
    // Some of the channels of each tap.
    return {{"src", slot + own("channel", tile.c0 - stage.c0)},
            {"taps", f.number("stage_taps", static_cast<std::int64_t>(r.taps_h) * r.taps_w)},
            {"tap", own("tap", tile.c1 - tile.c0)},
            {"step", f.number("stage_step", stage.c1 - stage.c0)},
            {"from", own("from", tile.row)},
            {"n", rows}};
}

void Generator::read_flow(int index, int reader) {
    const NodeMemory& memory = memory_.nodes[at(index)];
    const CoreCode& core = cores_[at(reader)];
    const bool staged = memory.staged(0);
    const int landing_index = staged ? memory.landings[0][0] : core.landing;
    const Landing& landing = memory_.landings[at(landing_index)];
    const LandingCode& code = landings_[at(landing_index)];
    const Grid& grid = grid_of(index, core.copy);
    const Reading r = reading_of(graph_, node(index), 0, grid);
    const bool same_rows = landing.reading.dy == grid.dy && landing.reading.y0 == grid.y0;
    const char* kind = staged ? "read_stage" : (landing.flat ? "read_vector" : "read_rows");
    FlowBuilder f(builder_, fmt::format("{}{}.{}", kind, !staged && !same_rows ? "_dealt" : "", core.tiles),
                  fmt::format("{}.read.{}{}", node(index).name, core.core, tag_of(index, core.copy)), op_of(index), core.core,
                  isa::Engine::Crossbar);
    const Ex one = f.constant(1);
    if (!written_[at(index)].empty()) {
        const Written& written = written_[at(index)][at(reader)];
        f.await(f.counter("written", written.counter), one, f.number("written_tiles", written.tiles));
    }
    const Ex done = f.counter("done", core.done);
    const FlowBuilder::Signal completion{done, f.constant(0), one};
    const auto read = [&](const Tile& tile, int t, Ex n, Ex oy, Ex ox, Ex w, Ex dst) {
        const auto own = [&](const char* parameter, std::int64_t value) { return f.number(parameter + std::to_string(t), value); };
        std::vector<FlowBuilder::Field> fields;
        if (staged) {
            fields = staged_tile(f, r, memory.stages[0][at(reader)], stages_[at(index)][0][at(reader)], tile, t, w);
        } else if (landing.flat) {
            const Ex copy = mod(n, f.number("copies", landing.rows)) * f.number("pitch", landing.row_bytes());
            fields = {{"src", f.buffer("src", code.buffer) + copy + own("from", tile.row - landing.px0 * r.c - landing.c0)},
                      {"n", own("rows", tile.rows)}};
        } else {
            // A landing of one tap holds the rows of its tiles; any other all channels that they see.
            const bool all = tile.c0 == landing.c0 && tile.c1 == landing.c1;
            const bool rows_are_channels = r.taps_h == 1 && r.taps_w == 1;
            const int c0 = all || rows_are_channels ? landing.c0 : tile.c0;
            const int c1 = all || rows_are_channels ? landing.c1 : tile.c1;
            const int from = tile.row - (rows_are_channels ? landing.c0 - tile.c0 : 0);
            fields = ring_window(f, landing, code, n, oy, ox, c0, c1, own("from", from), own("rows", tile.rows),
                                 all || rows_are_channels ? "" : std::to_string(t));
        }
        fields.emplace_back("xb", own("xb", tile.xb));
        fields.emplace_back("dst", dst);
        fields.emplace_back("cols", own("cols", tile.cols));
        f.op(isa::Opcode::ReadXb, fields, &completion);
    };
    const auto row_in_landing = [&](Ex j) {
        return staged || same_rows ? j : f.number("y0", grid.y0 - landing.reading.y0) + j * f.number("row_step", grid.dy);
    };
    for_positions(
        f, r,
        [&](Ex n, Ex j, Ex x, Ex w) {
            const Ex oy = row_in_landing(j);
            const int first = grid.x0 - landing.reading.x0;
            const Ex ox = !staged && first > 0 ? f.number("first_here", first) + x : x;
            if (staged) {
                f.await(f.counter("staged", stages_[at(index)][0][at(reader)].staged), one, w + 1);
            } else {
                await_window(f, landing, code, n, oy, ox);
            }
            f.await(f.counter("sums_free", core.sums_free), f.number("groups", static_cast<std::int64_t>(core.groups.size())),
                    w + 1 - f.number("sum_slots", memory.groups[0].slots));
            {
                int t = 0;
                for (const int g : core.groups) {
                    const Group& group = memory.groups[at(g)];
                    const std::string own = std::to_string(g - core.groups[0]);
                    const Ex slot = f.buffer("sums" + own, groups_[at(g)].buffer) +
                                    mod(w, f.number("sum_slots", group.slots)) * f.number("sum_slot" + own, group.slot_bytes());
                    for (std::size_t k = 0; k < group.tiles.size(); ++k, ++t) {
                        const Tile& tile = placement_[at(index)].tiles[at(group.tiles[k])];
                        const auto term = static_cast<std::int64_t>(k) % group.tiles_high;
                        read(tile, t, n, oy, ox, w,
                             slot + f.number("sum" + std::to_string(t), 4 * (term * group.cols + tile.col - group.col)));
                    }
                }
            }
        },
        [](Ex, Ex) {});
    f.finish();
}

void Generator::free_flow(int index, int reader) {
    const NodeMemory& memory = memory_.nodes[at(index)];
    const CoreCode& core = cores_[at(reader)];
    const bool staged = memory.staged(0);
    const int landing_index = staged ? memory.landings[0][0] : core.landing;
    const Reading& landing = memory_.landings[at(landing_index)].reading;
    const Grid& grid = grid_of(index, core.copy);
    const Reading r = reading_of(graph_, node(index), 0, grid);
    FlowBuilder f(builder_, staged ? "free_stage" : "free_rows", fmt::format("{}.free.{}{}", node(index).name, core.core, tag_of(index, core.copy)),
                  op_of(index), core.core, isa::Engine::Crossbar);
    const Ex one = f.constant(1);
    const Ex done = f.counter("done", core.done);
    const Ex count = f.number("tiles", core.tiles);
    if (staged) {
        const Ex free = f.counter("stage_free", stages_[at(index)][0][at(reader)].free);
        f.loop("w", f.batch() * f.number("positions", r.positions()), [&](Ex w) {
            f.await(done, one, (w + 1) * count);
            f.signal(free, one);
        });
        f.finish();
        return;
    }
    const Ex freed = f.counter("freed", landings_[at(landing_index)].freed);
    const Ex rows = f.number("oh", r.oh);
    const Ex a_row = f.number("ow", r.ow) * count;
    f.loop("n", f.batch(), [&](Ex n) {
        signal_if(f, freed, "rows_before", grid.y0 - landing.y0, core.landing_reader);
        f.loop("j", rows, [&](Ex j) {
            f.await(done, one, (n * rows + j + 1) * a_row);
            if (landing.dy == grid.dy && landing.y0 == grid.y0) {
                signal_if(f, freed, "freed_rows", 1, core.landing_reader);
                return;
            }
            // With it all rows up to the next of this copy.
            const Ex row = f.number("y0", grid.y0 - landing.y0) + j * f.number("row_step", grid.dy);
            f.signal_at(freed, f.number("landing_reader", core.landing_reader),
                        min(f.number("row_step", grid.dy), f.number("landing_rows", landing.oh) - row));
        });
    });
    f.finish();
}

void Generator::merge_flow(int index, int g) {
    const Group& group = memory_.nodes[at(index)].groups[at(g)];
    const GroupCode& code = groups_[at(g)];
    const CoreCode& core = cores_[code.core];
    const Reading r = reading_of(graph_, node(index), 0, grid_of(index, group.copy));
    const std::int64_t terms = group.terms();
    const bool gives_sums = group.home && params_[at(index)] < 0;
    FlowBuilder f(builder_, gives_sums ? "merge_sums" : (group.home ? "merge" : "merge_part"),
                  fmt::format("{}.merge.{}.{}{}", node(index).name, group.core, group.col, tag_of(index, group.copy)), op_of(index),
                  group.core, isa::Engine::Alu);
    const Ex one = f.constant(1);
    const Ex cols = f.number("cols", group.cols);
    f.loop("w", f.batch() * f.number("positions", r.positions()), [&](Ex w) {
        f.await(f.counter("done", core.done), one, (w + 1) * f.number("tiles", core.tiles));
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
        const Outbox& outbox = memory_.nodes[at(index)].outboxes[at(group.part)];
        const OutboxCode& results = outboxes_[at(index)][at(group.part)];
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
                  fmt::format("{}.sums.{}.{}{}.send", node(index).name, group.core, group.col, tag_of(index, group.copy)), op_of(index),
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
                          f.number("place", target.arrivals())},
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
    FlowBuilder f(builder_, "take_sums", fmt::format("{}.sums.{}.{}.take", node(index).name, group.core, group.col), op_of(index),
                  group.core, isa::Engine::Move);
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
                                           f.number("place", group.arrivals()));
            f.op(isa::Opcode::Load, fields);
            f.signal(f.counter("arrived", code.arrived), one);
        },
        [&](Ex, Ex) { f.signal_at(f.counter("freed", landing_code.freed), f.number("reader", reader), one); });
    f.finish();
}

const Grid& Generator::grid_of(int index, int copy) const {
    return placement_[at(index)].copies[at(copy)];
}

std::string Generator::tag_of(int index, int copy) const {
    return tag(grid_of(index, copy).y0, grid_of(index, copy).x0);
}

}  // namespace cim::compiler
