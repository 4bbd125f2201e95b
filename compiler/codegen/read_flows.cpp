// Flows that read the crossbars of a core for a Conv: all tiles of a window at once (XBM, WLM), or the core's slices, some positions at a
// time (CM).
#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "compiler/codegen/generator.h"

namespace cim::compiler {

/// Where a read flow stands: image, row and column in the landing, and positions passed.
struct Generator::Position {
    Ex n;
    Ex oy;
    Ex ox;
    Ex w;
};

void Generator::add_slices(int index) {
    const NodePlacement& placement = placement_[at(index)];
    const std::vector<isa::Index>& weights = weights_[at(index)];
    std::vector<isa::Slice>& slices = builder_.program.slices;
    const auto first = static_cast<std::ptrdiff_t>(slices.size());
    for (std::size_t g = 0; g < groups_.size(); ++g) {
        const Group& group = memory_.nodes[at(index)].groups[g];
        const TileWindow window = window_of(group, placement);
        isa::Slice slice;
        slice.name = builder_.name(fmt::format("{}.slice.{}.{}{}", label(index), group.core, group.col, tag_of(index, group.copy)));
        slice.channels = group.cols;
        if (group.own == 0) {
            slice.param = params_[at(index)];
            slice.channel = group.col;
        }
        for (const int t : group.tiles) {
            const Tile& tile = placement.tiles[at(t)];
            slice.tiles.push_back({tile.xb, weights[at(t) % weights.size()], tile.row - window.row, tile.col - group.col});
        }
        // Copies on like crossbars share a slice.
        const auto same = std::find_if(slices.begin() + first, slices.end(), [&](const isa::Slice& other) {
            return other.param == slice.param && other.channel == slice.channel && other.channels == slice.channels &&
                   other.tiles == slice.tiles;
        });
        groups_[g].slice = static_cast<isa::Index>(same - slices.begin());
        if (same == slices.end()) {
            slices.push_back(std::move(slice));
        }
    }
}

std::vector<FlowBuilder::Field> Generator::staged_rows(FlowBuilder& f, int index, const CoreCode& core, Ex w, const TileWindow& window,
                                                       const std::string& own) {
    const Stage& stage = memory_.nodes[at(index)].stages[0][at(core.reader)];
    const StageCode& code = stages_[at(index)][0][at(core.reader)];
    const auto number = [&](const char* parameter, std::int64_t value) { return f.number(parameter + own, value); };
    const Ex slot = f.buffer("src", code.buffer) + mod(w, f.number("slots", stage.slots)) * f.number("slot", align4(stage.bytes));
    const Ex rows = number("rows", window.rows);
    if (window.c0 == stage.c0 && window.c1 == stage.c1) {
        return {{"src", slot + number("from", window.row - stage.from)}, {"n", rows}};
    }
    // Some of the channels of each tap.
    return {{"src", slot + number("channel", window.c0 - stage.c0)},
            {"taps", f.number("stage_taps", static_cast<std::int64_t>(core.reading.taps_h) * core.reading.taps_w)},
            {"tap", number("tap", window.c1 - window.c0)},
            {"step", f.number("stage_step", stage.c1 - stage.c0)},
            {"from", number("from", window.row)},
            {"n", rows}};
}

std::vector<FlowBuilder::Field> Generator::window_rows(FlowBuilder& f, int index, const CoreCode& core, const Position& at_position,
                                                       const TileWindow& window, const std::string& own) {
    if (core.staged) {
        return staged_rows(f, index, core, at_position.w, window, own);
    }
    const Landing& landing = memory_.landings[at(core.landing)];
    const LandingCode& code = landings_[at(core.landing)];
    const Reading& r = core.reading;
    const auto number = [&](const char* parameter, std::int64_t value) { return f.number(parameter + own, value); };
    if (landing.flat) {
        const Ex copy = mod(at_position.n, f.number("copies", landing.rows)) * f.number("pitch", landing.row_bytes());
        return {{"src", f.buffer("src", code.buffer) + copy + number("from", window.row - landing.px0 * r.c - landing.c0)},
                {"n", number("rows", window.rows)}};
    }
    // A landing of one tap holds the rows of its tiles; any other all channels that they see.
    const bool all = window.c0 == landing.c0 && window.c1 == landing.c1;
    const bool rows_are_channels = r.taps_h == 1 && r.taps_w == 1;
    const int c0 = all || rows_are_channels ? landing.c0 : window.c0;
    const int c1 = all || rows_are_channels ? landing.c1 : window.c1;
    const int from = window.row - (rows_are_channels ? landing.c0 - window.c0 : 0);
    return ring_window(f, landing, code, at_position.n, at_position.oy, at_position.ox, c0, c1, number("from", from),
                       number("rows", window.rows), all || rows_are_channels ? "" : own);
}

void Generator::for_tiles(FlowBuilder& f, int index, const CoreCode& core, Ex w,
                          const std::function<void(const Tile&, const std::string&, Ex)>& body) {
    int t = 0;
    for (const int g : core.groups) {
        const Group& group = memory_.nodes[at(index)].groups[at(g)];
        const std::string own = std::to_string(groups_[at(g)].position);
        const Ex slot = f.buffer("sums" + own, groups_[at(g)].buffer) +
                        mod(w, f.number("sum_slots", group.slots)) * f.number("sum_slot" + own, group.slot_bytes());
        for (std::size_t k = 0; k < group.tiles.size(); ++k, ++t) {
            const std::string number = std::to_string(t);
            const Tile& tile = placement_[at(index)].tiles[at(group.tiles[k])];
            body(tile, number,
                 slot + f.number("sum" + number, 4 * (static_cast<std::int64_t>(k) % group.own * group.cols + tile.col - group.col)));
        }
    }
}

void Generator::read_crossbars(FlowBuilder& f, int index, const CoreCode& core, const Position& position) {
    const FlowBuilder::Signal completion{f.counter("done", core.done), f.constant(0), f.constant(1)};
    const auto read_tiles = [&] {
        for_tiles(f, index, core, position.w, [&](const Tile& tile, const std::string& number, Ex dst) {
            std::vector<FlowBuilder::Field> fields = window_rows(f, index, core, position, window_of(tile), number);
            fields.emplace_back("xb", f.number("xb" + number, tile.xb));
            fields.emplace_back("dst", dst);
            fields.emplace_back("cols", f.number("cols" + number, tile.cols));
            const bool one_activation = machine_.mode == hw::ComputingMode::WLM && tile.rows <= machine_.crossbar.parallel_row;
            if (one_activation) {
                fields.emplace_back("row", f.constant(0));
            }
            f.op(one_activation ? isa::Opcode::ReadRow : isa::Opcode::ReadXb, fields, &completion);
        });
    };
    // Reads that begin together end together, and each then waits for the port until all have given their sums.
    segment_.staggered ? read_tiles() : f.parallel(read_tiles);
}

void Generator::read_slices(FlowBuilder& f, int index, const CoreCode& core, const Position& position) {
    const NodeMemory& memory = memory_.nodes[at(index)];
    const Ex one = f.constant(1);
    const Ex count = core.grain > 1 ? f.number("grain", core.grain) : one;
    const Ex next = position.w + count;
    for (const int g : core.groups) {
        const Group& group = memory.groups[at(g)];
        const std::string own = std::to_string(groups_[at(g)].position);
        std::vector<FlowBuilder::Field> fields = window_rows(f, index, core, position, window_of(group, placement_[at(index)]), own);
        fields.emplace_back("slice", f.slice("slice" + own, groups_[at(g)].slice));
        const auto results = [&](isa::Index buffer, std::int64_t slots, std::int64_t bytes, FlowBuilder::Signal completion) {
            const Ex pitch = f.number("result" + own, bytes);
            fields.emplace_back("dst", f.buffer("dst" + own, buffer) + mod(position.w, f.number("result_slots", slots)) * pitch);
            if (core.grain > 1) {
                const Landing& landing = memory_.landings[at(core.landing)];
                const std::int64_t stride = core.staged ? align4(memory.stages[0][at(core.reader)].bytes)
                                                        : static_cast<std::int64_t>(core.reading.stride_w) * landing.pixel_bytes();
                fields.emplace_back("count", count);
                fields.emplace_back("stride", f.number("stride_bytes", stride));
                fields.emplace_back("dst_pitch", pitch);
            }
            f.op(isa::Opcode::ReadCore, fields, &completion);
        };
        if (group.own == 0) {
            const auto part = at(part_of(index, group));
            const OutboxCode& outbox = outboxes_[at(index)][part];
            const Ex room = f.number("result_slots", group.slots);
            if (outbox.senders > 0) {
                f.await(f.counter("sent" + own, outbox.sent), f.number("receivers" + own, outbox.senders), next - room);
            }
            // Results that nobody takes count as sent from the start: what is written over them comes after them.
            f.await(f.counter("out" + own, outbox.out), one, next - room);
            results(outbox.buffer, group.slots, align4(memory.outboxes[part].bytes),
                    {f.counter("out" + own, outbox.out), f.constant(0), count});
        } else {
            const Ex slice = f.constant(groups_[at(g)].position);
            f.await_at(f.counter("sums_free", core.sums_free), slice, one, next - f.number("result_slots", group.slots));
            results(groups_[at(g)].buffer, group.slots, group.slot_bytes(), {f.counter("done", core.done), slice, count});
        }
        if (core.groups.size() > 1) {
            // The core works on one slice at a time.
            await_slice(f, index, g, next);
        }
    }
}

void Generator::await_slice(FlowBuilder& f, int index, int g, Ex w) {
    const Group& group = memory_.nodes[at(index)].groups[at(g)];
    const GroupCode& code = groups_[at(g)];
    if (group.own == 0) {
        f.await(f.counter("out" + std::to_string(code.position), outboxes_[at(index)][at(part_of(index, group))].out), f.constant(1), w);
    } else {
        f.await_at(f.counter("done", cores_[code.core].done), f.constant(code.position), f.constant(1), w);
    }
}

void Generator::await_reads(FlowBuilder& f, int index, const CoreCode& core, Ex w) {
    if (machine_.mode == hw::ComputingMode::CM) {
        await_slice(f, index, core.groups.back(), w);
    } else {
        f.await(f.counter("done", core.done), f.constant(1), w * f.number("reads", core.reads));
    }
}

void Generator::await_writes(FlowBuilder& f, int index, const CoreCode& core) {
    std::set<int> writers;  // copies
    for (const int g : core.groups) {
        for (const int t : memory_.nodes[at(index)].groups[at(g)].tiles) {
            writers.insert(core.copy - placement_[at(index)].tiles[at(t)].behind);
        }
    }
    std::string own;
    for (const int copy : writers) {
        const auto written = written_[at(index)].find({copy, core.core});
        if (written != written_[at(index)].end()) {
            f.await(f.counter("written" + own, written->second.counter), f.constant(1),
                    f.number("written_tiles" + own, written->second.tiles));
            own += "_";
        }
    }
}

void Generator::read_flow(int index, int reader) {
    const CoreCode& core = cores_[at(reader)];
    const bool slices = machine_.mode == hw::ComputingMode::CM;
    const Landing& landing = memory_.landings[at(core.landing)];
    const LandingCode& code = landings_[at(core.landing)];
    const Grid& grid = core.grid;
    const Reading& r = core.reading;
    const bool same_rows = landing.reading.dy == grid.dy && landing.reading.y0 == grid.y0;
    const std::string kind = std::string(slices ? "compute" : "read") + (core.staged ? "_stage" : (landing.flat ? "_vector" : "_rows")) +
                             (!core.staged && !same_rows ? "_dealt" : "");
    FlowBuilder f(builder_, fmt::format("{}.{}", kind, slices ? static_cast<std::int64_t>(core.groups.size()) : core.reads),
                  fmt::format("{}.read.{}{}", label(index), core.core, tag_of(index, core.copy)), op_of(index), core.core,
                  isa::Engine::Crossbar);
    const Ex one = f.constant(1);
    await_writes(f, index, core);
    const auto row_in_landing = [&](Ex j) {
        return core.staged || same_rows ? j : f.number("y0", grid.y0 - landing.reading.y0) + j * f.number("row_step", grid.dy);
    };
    for_positions(
        f, r,
        [&](Ex n, Ex j, Ex x, Ex w) {
            const Ex oy = row_in_landing(j);
            const int first = grid.x0 - landing.reading.x0;
            const Ex ox = !core.staged && first > 0 ? f.number("first_here", first) + x : x;
            const Ex read = core.grain > 1 ? f.number("grain", core.grain) : one;
            if (core.staged) {
                f.await(f.counter("staged", stages_[at(index)][0][at(reader)].staged), one, w + read);
            } else {
                await_window(f, landing, code, n, oy, core.grain > 1 ? ox + f.number("more", core.grain - 1) : ox);
            }
            const Position position{n, oy, ox, w};
            if (slices) {
                read_slices(f, index, core, position);
            } else {
                f.await(f.counter("sums_free", core.sums_free), f.number("groups", static_cast<std::int64_t>(core.groups.size())),
                        w + 1 - f.number("sum_slots", memory_.nodes[at(index)].groups[at(core.groups[0])].slots));
                read_crossbars(f, index, core, position);
            }
        },
        [](Ex, Ex) {}, [&](Ex n) { await_turn(f, index, n); }, core.grain);
    f.finish();
}

bool Generator::leaves_end(const CoreCode& core) const {
    const Reading& landing = memory_.landings[at(core.landing)].reading;
    const auto gives_last_row = [&](const CoreCode& copy) {
        const Grid& grid = copy.grid;
        return copy.landing == core.landing && grid.y0 + grid.dy * (grid.rows - 1) == landing.y0 + landing.dy * (landing.oh - 1);
    };
    return gives_last_row(core) && std::none_of(cores_.begin(), cores_.end(), [&](const CoreCode& copy) {
               return gives_last_row(copy) && copy.grid.x0 + copy.grid.cols == landing.x0 + landing.ow;
           });
}

void Generator::free_flow(int index, int reader) {
    const CoreCode& core = cores_[at(reader)];
    const Reading& landing = memory_.landings[at(core.landing)].reading;
    const Grid& grid = core.grid;
    const Reading& r = core.reading;
    const bool leaves = !core.staged && leaves_end(core);
    FlowBuilder f(builder_, core.staged ? "free_stage" : (leaves ? "free_rows_come" : "free_rows"),
                  fmt::format("{}.free.{}{}", label(index), core.core, tag_of(index, core.copy)), op_of(index), core.core,
                  isa::Engine::Crossbar);
    const Ex one = f.constant(1);
    if (core.staged) {
        const Ex free = f.counter("stage_free", stages_[at(index)][0][at(reader)].free);
        f.loop("w", f.batch() * f.number("positions", r.positions()), [&](Ex w) {
            await_reads(f, index, core, w + 1);
            f.signal(free, one);
        });
        f.finish();
        return;
    }
    const Ex freed = f.counter("freed", landings_[at(core.landing)].freed);
    f.loop("n", f.batch(), [&](Ex n) {
        signal_if(f, freed, "rows_before", grid.y0 - landing.y0, core.landing_reader);
        f.loop("oy", f.number("oh", r.oh), [&](Ex j) {
            // The row's last window is in the sums: its input is done with.
            await_reads(f, index, core, (n * f.number("oh", r.oh) + j + 1) * f.number("ow", r.ow));
            if (landing.dy == grid.dy && landing.y0 == grid.y0) {
                signal_if(f, freed, "freed_rows", 1, core.landing_reader);
                return;
            }
            const Ex row = f.number("y0", grid.y0 - landing.y0) + j * f.number("row_step", grid.dy);
            // With it all rows up to the next of this copy.
            f.signal_at(freed, f.number("landing_reader", core.landing_reader),
                        min(f.number("row_step", grid.dy), f.number("landing_rows", landing.oh - (leaves ? 1 : 0)) - row));
        });
        if (leaves) {
            const int last = grid.y0 - landing.y0 + grid.dy * (grid.rows - 1);
            await_window(f, memory_.landings[at(core.landing)], landings_[at(core.landing)], n, f.number("last_row", landing.oh - 1),
                         f.number("last_col", landing.ow - 1));
            signal_if(f, freed, "rows_after", landing.oh - last, core.landing_reader);
        }
    });
    f.finish();
}

}  // namespace cim::compiler
