// Flows of the operators themselves: windows into crossbars, sums merged and requantised, digital operators.
#include <algorithm>

#include <fmt/format.h>

#include "compiler/codegen/generator.h"

namespace cim::compiler {

namespace {

std::int64_t align4(std::int64_t bytes) {
    return (bytes + 3) / 4 * 4;
}

/// Runs body(n, oy, ox, w) for each output position of each image; w counts them all. `row_end` after each row.
void for_positions(FlowBuilder& f, const Reading& r, const std::function<void(Ex, Ex, Ex, Ex)>& body,
                   const std::function<void(Ex, Ex)>& row_end) {
    const Ex oh = f.number("oh", r.oh);
    const Ex ow = f.number("ow", r.ow);
    f.loop("n", f.batch(), [&](Ex n) {
        f.loop("oy", oh, [&](Ex oy) {
            f.loop("ox", ow, [&](Ex ox) { body(n, oy, ox, (n * oh + oy) * ow + ox); });
            row_end(n, oy);
        });
    });
}

}  // namespace

void Generator::conv_flows(int index) {
    const NodeMemory& memory = memory_.nodes[at(index)];
    const std::string& name = node(index).name;
    cores_.clear();
    groups_.assign(memory.groups.size(), {});
    for (std::size_t g = 0; g < memory.groups.size(); ++g) {
        const Group& group = memory.groups[g];
        GroupCode& code = groups_[g];
        if (cores_.empty() || cores_.back().core != group.core) {
            cores_.emplace_back();
            cores_.back().core = group.core;
            cores_.back().reader = static_cast<int>(cores_.size()) - 1;
        }
        CoreCode& core = cores_.back();
        code.core = cores_.size() - 1;
        code.position = static_cast<int>(core.groups.size());
        core.groups.push_back(static_cast<int>(g));
        const std::string group_name = fmt::format("{}.sums.{}.{}", name, group.core, group.col);
        code.buffer = builder_.buffer(group_name, group.core, group.offset, group.slots * group.slot_bytes());
        if (group.before >= 0) {
            code.arrived = builder_.counter(group_name + ".arrived", 1, group.core, isa::CounterRole::Data);
        }
        if (!group.home) {
            code.summed = builder_.counter(group_name + ".ready", 1, group.core, isa::CounterRole::Data);
        }
    }
    for (CoreCode& core : cores_) {
        const std::string core_name = fmt::format("{}.{}", name, core.core);
        core.done = builder_.counter(core_name + ".done", 1, core.core, isa::CounterRole::Data);
        core.sums_free =
            builder_.counter(core_name + ".sums_free", static_cast<std::int64_t>(core.groups.size()), core.core, isa::CounterRole::Space);
        if (memory.staged) {
            const Stage& stage = memory.stages[at(core.reader)];
            core.stage_buffer = builder_.buffer(core_name + ".stage", core.core, stage.offset, stage.slots * align4(stage.bytes));
            core.staged = builder_.counter(core_name + ".staged", 1, core.core, isa::CounterRole::Data);
            core.stage_free = builder_.counter(core_name + ".stage_free", 1, core.core, isa::CounterRole::Space);
        }
    }
    for (const CoreCode& core : cores_) {
        if (memory.staged) {
            stage_flow(index, core.reader);
        }
        read_flow(index, core.core, core.reader);
    }
    for (std::size_t g = 0; g < memory.groups.size(); ++g) {
        merge_flow(index, static_cast<int>(g));
        if (!memory.groups[g].home) {
            partial_flow(index, static_cast<int>(g));
        }
    }
}

void Generator::stage_flow(int index, int reader) {
    const NodeMemory& memory = memory_.nodes[at(index)];
    const Landing& landing = memory_.landings[at(memory.landings[0][0])];
    const LandingCode& code = landings_[at(memory.landings[0][0])];
    const Stage& stage = memory.stages[at(reader)];
    const CoreCode& core = cores_[at(reader)];
    const bool conv = node(index).kind == NodeKind::Conv;
    const Part* part = conv ? nullptr : &placement_[at(index)].parts[at(reader)];
    FlowBuilder f(builder_, "stage", fmt::format("{}.stage.{}", node(index).name, reader), index, core.core, isa::Engine::Move);
    const Ex slots = f.number("slots", stage.slots);
    const Ex one = f.constant(1);
    for_positions(
        f, landing.reading,
        [&](Ex n, Ex oy, Ex ox, Ex w) {
            await_window(f, landing, code, n, oy, ox);
            f.await(f.counter("stage_free", core.stage_free), one, w + 1 - slots);
            std::vector<FlowBuilder::Field> fields =
                ring_window(f, landing, code, n, oy, ox, conv ? landing.c0 : part->c0, conv ? landing.c1 : part->c1,
                            f.number("from", stage.from), f.number("bytes", stage.bytes));
            fields.emplace_back("dst", f.buffer("dst", core.stage_buffer) + mod(w, slots) * f.number("slot", align4(stage.bytes)));
            f.op(isa::Opcode::Load, fields);
            f.signal(f.counter("staged", core.staged), one);
        },
        [&](Ex, Ex) { f.signal_at(f.counter("freed", code.freed), f.number("reader", reader), one); });
    f.finish();
}

void Generator::read_flow(int index, int core_number, int reader) {
    const NodeMemory& memory = memory_.nodes[at(index)];
    const CoreCode& core = cores_[at(reader)];
    const int landing_index = memory.landings[0][memory.staged ? 0 : at(reader)];
    const Landing& landing = memory_.landings[at(landing_index)];
    const LandingCode& code = landings_[at(landing_index)];
    const Reading& r = landing.reading;
    std::int64_t tiles = 0;
    for (const int g : core.groups) {
        tiles += static_cast<std::int64_t>(memory.groups[at(g)].tiles.size());
    }
    const char* kind = memory.staged ? "read_stage" : (landing.flat ? "read_vector" : "read_rows");
    FlowBuilder f(builder_, fmt::format("{}.{}", kind, tiles), fmt::format("{}.read.{}", node(index).name, core_number), index, core_number,
                  isa::Engine::Crossbar);
    const Ex one = f.constant(1);
    const Ex done = f.counter("done", core.done);
    const Ex count = f.number("tiles", tiles);
    const FlowBuilder::Signal completion{done, f.constant(0), one};
    const auto read = [&](const Tile& tile, int t, Ex n, Ex oy, Ex ox, Ex w, Ex dst) {
        const auto own = [&](const char* parameter, std::int64_t value) { return f.number(parameter + std::to_string(t), value); };
        std::vector<FlowBuilder::Field> fields;
        if (memory.staged) {
            const Stage& stage = memory.stages[at(reader)];
            const Ex slot = mod(w, f.number("slots", stage.slots)) * f.number("slot", align4(stage.bytes));
            fields = {{"src", f.buffer("src", core.stage_buffer) + slot + own("from", tile.row - stage.from)},
                      {"n", own("rows", tile.rows)}};
        } else if (landing.flat) {
            const Ex copy = mod(n, f.number("copies", landing.rows)) * f.number("pitch", landing.row_bytes());
            fields = {{"src", f.buffer("src", code.buffer) + copy + own("from", tile.row - landing.px0 * r.c - landing.c0)},
                      {"n", own("rows", tile.rows)}};
        } else {
            fields = ring_window(f, landing, code, n, oy, ox, landing.c0, landing.c1, own("from", tile.row - landing.c0),
                                 own("rows", tile.rows));
        }
        fields.emplace_back("xb", own("xb", tile.xb));
        fields.emplace_back("dst", dst);
        fields.emplace_back("cols", own("cols", tile.cols));
        f.op(isa::Opcode::ReadXb, fields, &completion);
    };
    for_positions(
        f, r,
        [&](Ex n, Ex oy, Ex ox, Ex w) {
            if (memory.staged) {
                f.await(f.counter("staged", core.staged), one, w + 1);
            } else {
                await_window(f, landing, code, n, oy, ox);
            }
            f.await(f.counter("sums_free", core.sums_free), f.number("groups", static_cast<std::int64_t>(core.groups.size())),
                    w + 1 - f.number("sum_slots", memory.groups[0].slots));
            f.parallel([&] {
                int t = 0;
                for (const int g : core.groups) {
                    const Group& group = memory.groups[at(g)];
                    const std::string own = std::to_string(g - core.groups[0]);
                    const Ex slot = f.buffer("sums" + own, groups_[at(g)].buffer) +
                                    mod(w, f.number("sum_slots", group.slots)) * f.number("sum_slot" + own, group.slot_bytes());
                    for (std::size_t k = 0; k < group.tiles.size(); ++k, ++t) {
                        read(placement_[at(index)].tiles[at(group.tiles[k])], t, n, oy, ox, w,
                             slot + f.number("sum" + std::to_string(t), static_cast<std::int64_t>(k) * 4 * group.cols));
                    }
                }
            });
            if (memory.staged) {
                f.await(done, one, (w + 1) * count);
                f.signal(f.counter("stage_free", core.stage_free), one);
            }
        },
        [&](Ex n, Ex oy) {
            // The row's last window is in the sums: its input is done with. Nothing is lost by waiting, the crossbars are busy until then.
            if (!memory.staged) {
                f.await(done, one, (n * f.number("oh", r.oh) + oy + 1) * f.number("ow", r.ow) * count);
                f.signal(f.counter("freed", code.freed), one);
            }
        });
    f.finish();
}

void Generator::merge_flow(int index, int g) {
    const Group& group = memory_.nodes[at(index)].groups[at(g)];
    const GroupCode& code = groups_[at(g)];
    const CoreCode& core = cores_[code.core];
    const Reading r = reading_of(graph_, node(index));
    std::int64_t tiles = 0;
    for (const int other : core.groups) {
        tiles += static_cast<std::int64_t>(memory_.nodes[at(index)].groups[at(other)].tiles.size());
    }
    const std::int64_t terms = group.terms();
    FlowBuilder f(builder_, group.home ? "merge" : "merge_part", fmt::format("{}.merge.{}.{}", node(index).name, group.core, group.col),
                  index, group.core, isa::Engine::Alu);
    const Ex one = f.constant(1);
    const Ex cols = f.number("cols", group.cols);
    f.loop("w", f.batch() * f.number("positions", r.positions()), [&](Ex w) {
        f.await(f.counter("done", core.done), one, (w + 1) * f.number("tiles", tiles));
        if (group.before >= 0) {
            f.await(f.counter("arrived", code.arrived), one, w + 1);
        }
        const Ex slot =
            f.buffer("sums", code.buffer) + mod(w, f.number("sum_slots", group.slots)) * f.number("sum_slot", group.slot_bytes());
        if (terms > 1) {
            f.op(isa::Opcode::Sum, {{"dst", slot},
                                    {"src", slot},
                                    {"n", cols},
                                    {"count", f.number("terms", terms)},
                                    {"pitch", f.number("pitch", 4LL * group.cols)}});
        }
        if (!group.home) {
            f.signal(f.counter("summed", code.summed), one);
            return;
        }
        int part = 0;
        while (placement_[at(index)].parts[at(part)].c0 != group.col) {
            ++part;
        }
        const Outbox& outbox = memory_.nodes[at(index)].outboxes[at(part)];
        const OutboxCode& results = outboxes_[at(index)][at(part)];
        const Ex slots = f.number("slots", outbox.slots);
        f.await(f.counter("sent", results.sent), f.number("receivers", results.senders), w + 1 - slots);
        f.op(isa::Opcode::Requant, {{"dst", f.buffer("dst", results.buffer) + mod(w, slots) * f.number("slot", align4(group.cols))},
                                    {"src", slot},
                                    {"n", cols},
                                    {"param", f.param("param", params_[at(index)])},
                                    {"channel", f.number("channel", group.col)}});
        f.signal_at(f.counter("sums_free", core.sums_free), f.number("group", code.position), one);
        f.signal(f.counter("out", results.out), one);
    });
    f.finish();
}

void Generator::partial_flow(int index, int g) {
    const std::vector<Group>& groups = memory_.nodes[at(index)].groups;
    const Group& group = groups[at(g)];
    const GroupCode& code = groups_[at(g)];
    const auto next =
        std::find_if(groups.begin(), groups.end(), [&](const Group& x) { return x.before == group.core && x.col == group.col; });
    const Group& target = *next;
    const GroupCode& target_code = groups_[static_cast<std::size_t>(next - groups.begin())];
    const Reading r = reading_of(graph_, node(index));
    FlowBuilder f(builder_, "send_sums", fmt::format("{}.sums.{}.{}.send", node(index).name, group.core, group.col), index, group.core,
                  isa::Engine::Move);
    const Ex one = f.constant(1);
    f.loop("w", f.batch() * f.number("positions", r.positions()), [&](Ex w) {
        f.await(f.counter("summed", code.summed), one, w + 1);
        f.await_at(f.counter("room", cores_[target_code.core].sums_free), f.number("room_index", target_code.position), one,
                   w + 1 - f.number("room_slots", target.slots));
        f.op(isa::Opcode::Send,
             {{"core", f.number("core", target.core)},
              {"dst", f.buffer("dst", target_code.buffer) +
                          mod(w, f.number("room_slots", target.slots)) * f.number("room_slot", target.slot_bytes()) +
                          f.number("place", static_cast<std::int64_t>(target.tiles.size()) * 4 * target.cols)},
              {"src", f.buffer("src", code.buffer) + mod(w, f.number("sum_slots", group.slots)) * f.number("sum_slot", group.slot_bytes())},
              {"n", f.number("bytes", 4LL * group.cols)}});
        f.signal(f.counter("arrived", target_code.arrived), one);
        f.signal_at(f.counter("sums_free", cores_[code.core].sums_free), f.number("group", code.position), one);
    });
    f.finish();
}

void Generator::part_flow(int index, int part_index) {
    const QuantNode& n_ = node(index);
    const NodeMemory& memory = memory_.nodes[at(index)];
    const Part& part = placement_[at(index)].parts[at(part_index)];
    const int landing_index = memory.landings[0][memory.landings[0].size() > 1 ? at(part_index) : 0];
    const Landing& landing = memory_.landings[at(landing_index)];
    const LandingCode& code = landings_[at(landing_index)];
    const Outbox& outbox = memory.outboxes[at(part_index)];
    const OutboxCode& results = outboxes_[at(index)][at(part_index)];
    const int channels = part.c1 - part.c0;
    if (memory.staged) {
        if (part_index == 0) {
            cores_.clear();
        }
        const Stage& stage = memory.stages[at(part_index)];
        CoreCode core;
        const std::string name = fmt::format("{}.{}", n_.name, part.c0);
        core.core = part.core;
        core.reader = part_index;
        core.stage_buffer = builder_.buffer(name + ".stage", part.core, stage.offset, stage.slots * align4(stage.bytes));
        core.staged = builder_.counter(name + ".staged", 1, part.core, isa::CounterRole::Data);
        core.stage_free = builder_.counter(name + ".stage_free", 1, part.core, isa::CounterRole::Space);
        cores_.push_back(core);
        stage_flow(index, part_index);
    }
    const char* what = "pool";
    switch (n_.kind) {
        case NodeKind::Clip: what = "clip"; break;
        case NodeKind::Lut: what = "lut"; break;
        case NodeKind::Softmax: what = "softmax"; break;
        default: break;
    }
    FlowBuilder f(builder_, memory.staged ? fmt::format("{}_stage", what) : what, fmt::format("{}.{}.{}", n_.name, what, part.c0), index,
                  part.core, isa::Engine::Alu);
    const Ex one = f.constant(1);
    const Ex slots = f.number("slots", outbox.slots);
    for_positions(
        f, landing.reading,
        [&](Ex n, Ex oy, Ex ox, Ex w) {
            if (memory.staged) {
                f.await(f.counter("staged", cores_[at(part_index)].staged), one, w + 1);
            } else {
                await_window(f, landing, code, n, oy, ox);
            }
            f.await(f.counter("sent", results.sent), f.number("receivers", results.senders), w + 1 - slots);
            const Ex dst = f.buffer("dst", results.buffer) + mod(w, slots) * f.number("slot", align4(channels));
            const Ex bytes = f.number("bytes", static_cast<std::int64_t>(landing.reading.taps_h) * landing.reading.taps_w * channels);
            std::vector<FlowBuilder::Field> fields;
            if (memory.staged) {
                const Stage& stage = memory.stages[at(part_index)];
                fields = {{"src", f.buffer("src", cores_[at(part_index)].stage_buffer) +
                                      mod(w, f.number("stage_slots", stage.slots)) * f.number("stage_slot", align4(stage.bytes))},
                          {"n", bytes}};
                if (n_.kind == NodeKind::MaxPool) {
                    fields.emplace_back("taps", f.number("taps", landing.reading.taps_h * landing.reading.taps_w));
                    fields.emplace_back("tap", f.number("tap", channels));
                }
            } else if (n_.kind == NodeKind::MaxPool) {
                fields = ring_window(f, landing, code, n, oy, ox, part.c0, part.c1, f.constant(0), bytes);
            } else {
                const Ex row = mod(n * f.number("rows", landing.reading.padded_rows()) + oy, f.number("ring", landing.rows));
                fields = {{"src", f.buffer("src", code.buffer) + row * f.number("pitch", landing.row_bytes()) +
                                      ox * f.number("pixel", landing.pixel_bytes())},
                          {"n", bytes}};
            }
            fields.emplace_back("dst", dst);
            switch (n_.kind) {
                case NodeKind::MaxPool: f.op(isa::Opcode::MaxPool, fields); break;
                case NodeKind::Clip:
                    fields.emplace_back("lo", f.number("lo", n_.lo));
                    fields.emplace_back("hi", f.number("hi", n_.hi));
                    f.op(isa::Opcode::Clip, fields);
                    break;
                case NodeKind::Lut:
                    fields.emplace_back("param", f.param("param", params_[at(index)]));
                    f.op(isa::Opcode::Lut, fields);
                    break;
                default:
                    fields.emplace_back("param", f.param("param", params_[at(index)]));
                    f.op(isa::Opcode::Softmax, fields);
                    break;
            }
            f.signal(f.counter("out", results.out), one);
            if (memory.staged) {
                f.signal(f.counter("stage_free", cores_[at(part_index)].stage_free), one);
            }
        },
        [&](Ex, Ex) {
            if (!memory.staged) {
                f.signal(f.counter("freed", code.freed), one);
            }
        });
    f.finish();
}

void Generator::join_flow(int index, int part_index) {
    const NodeMemory& memory = memory_.nodes[at(index)];
    const Part& part = placement_[at(index)].parts[at(part_index)];
    const Outbox& outbox = memory.outboxes[at(part_index)];
    const OutboxCode& results = outboxes_[at(index)][at(part_index)];
    const int channels = part.c1 - part.c0;
    const Landing* const landings[] = {&memory_.landings[at(memory.landings[0][at(part_index)])],
                                       &memory_.landings[at(memory.landings[1][at(part_index)])]};
    const LandingCode* const codes[] = {&landings_[at(memory.landings[0][at(part_index)])],
                                        &landings_[at(memory.landings[1][at(part_index)])]};
    FlowBuilder f(builder_, "join", fmt::format("{}.join.{}", node(index).name, part.c0), index, part.core, isa::Engine::Alu);
    const Ex one = f.constant(1);
    const Ex slots = f.number("slots", outbox.slots);
    const Ex bytes = f.number("bytes", channels);
    for_positions(
        f, landings[0]->reading,
        [&](Ex n, Ex oy, Ex ox, Ex w) {
            std::vector<FlowBuilder::Field> fields;
            for (int i = 0; i < 2; ++i) {
                const std::string which = i == 0 ? "_a" : "_b";
                const Landing& landing = *landings[i];
                await_window(f, landing, *codes[i], n, oy, ox, which);
                const Ex row = mod(n * f.number("rows", landing.reading.padded_rows()) + oy, f.number("ring" + which, landing.rows));
                fields.emplace_back(i == 0 ? "a" : "b",
                                    f.buffer("src" + which, codes[i]->buffer) + row * f.number("pitch", landing.row_bytes()) + ox * bytes);
            }
            f.await(f.counter("sent", results.sent), f.number("receivers", results.senders), w + 1 - slots);
            fields.emplace_back("dst", f.buffer("dst", results.buffer) + mod(w, slots) * f.number("slot", align4(channels)));
            fields.emplace_back("n", bytes);
            fields.emplace_back("param", f.param("param", params_[at(index)]));
            f.op(isa::Opcode::Add, fields);
            f.signal(f.counter("out", results.out), one);
        },
        [&](Ex, Ex) {
            f.signal(f.counter("freed_a", codes[0]->freed), one);
            f.signal(f.counter("freed_b", codes[1]->freed), one);
        });
    f.finish();
}

}  // namespace cim::compiler
