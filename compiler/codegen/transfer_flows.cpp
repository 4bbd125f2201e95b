// Flows that carry results from operator to operator, and those that keep the padding of a landing filled.
#include <algorithm>
#include <map>
#include <tuple>

#include <fmt/format.h>

#include "compiler/codegen/generator.h"

namespace cim::compiler {

void Generator::pad_flow(int index) {
    const Landing& landing = memory_.landings[at(index)];
    const LandingCode& code = landings_[at(index)];
    const Reading& r = landing.reading;
    // A maximum must never choose the padding; a product must see the input's zero.
    const std::int64_t value = node(landing.node).kind == NodeKind::MaxPool ? 0 : tensor(tensor_of(landing)).quant.zero;
    FlowBuilder f(builder_, "pad", code.name + ".fill", op_of(landing.node), landing.place, isa::Engine::Alu);
    const Ex pad = f.counter("pad", code.pad);
    const Ex zero = f.number("value", value);
    const Ex dst = f.buffer("dst", code.buffer);
    f.op(isa::Opcode::Fill, {{"dst", dst}, {"n", f.number("bytes", landing.bytes())}, {"value", zero}});
    f.signal(pad, f.constant(1));
    const auto fill_rows = [&](Ex n, const char* variable, const char* name, int first, int count) {
        f.loop(variable, f.number(name, count), [&](Ex k) {
            const Ex row = n * f.number("rows", r.padded_rows()) + f.number(std::string(name) + "_first", first) + k;
            await_room(f, landing, code, row);
            const Ex pitch = f.number("pitch", landing.row_bytes());
            f.op(isa::Opcode::Fill, {{"dst", dst + mod(row, f.number("ring", landing.rows)) * pitch}, {"n", pitch}, {"value", zero}});
            f.signal(pad, f.constant(1));
        });
    };
    if (r.pad_top + r.bottom_rows() > 0) {
        f.loop("n", f.batch(), [&](Ex n) {
            if (r.pad_top > 0) {
                fill_rows(n, "k", "top_rows", 0, r.pad_top);
            }
            if (r.bottom_rows() > 0) {
                fill_rows(n, "k", "bottom_rows", r.pad_top + r.used_rows(), r.bottom_rows());
            }
        });
    }
    f.finish();
}

void Generator::transfer_flows() {
    std::map<std::tuple<int, int, int>, std::vector<const Transfer*>> by_sender;
    for (const Transfer& transfer : transfers_) {
        by_sender[{transfer.input, transfer.node, transfer.part}].push_back(&transfer);
    }
    // An engine takes flows that are ready at the same time in their order. The parts of a node send to the same landings, often at the
    // same time: each begins with another one, so that they do not all queue for one port.
    for (const auto& [sender, transfers] : by_sender) {
        const Transfer& one = *transfers.front();
        const std::size_t first = at(one.part) * transfers.size() / results_of(one).size();
        for (std::size_t t = 0; t < transfers.size(); ++t) {
            transfer_flow(*transfers[(first + t) % transfers.size()]);
        }
    }
    std::for_each(holdings_.begin(), holdings_.end(), [&](const Holding& holding) { holding_flow(holding); });
}

std::vector<FlowBuilder::Field> Generator::positions(FlowBuilder& f, const Outbox& outbox, int bytes, Ex dst, Ex src, Ex count, int pixel) {
    const Ex each = f.number("bytes", bytes);
    if (outbox.chunk > 1 && bytes == outbox.pitch && bytes == pixel) {
        return {{"dst", dst}, {"src", src}, {"n", count * each}};
    }
    std::vector<FlowBuilder::Field> fields{{"dst", dst}, {"src", src}, {"n", each}};
    if (outbox.chunk > 1) {
        fields.insert(fields.end(),
                      {{"count", count}, {"dst_pitch", f.number("pixel", pixel)}, {"src_pitch", f.number("slot", outbox.pitch)}});
    }
    return fields;
}

void Generator::holding_flow(const Holding& holding) {
    const Part& part = placement_[at(holding.node)].parts[at(holding.part)];
    const Outbox& outbox = memory_.nodes[at(holding.node)].outboxes[at(holding.part)];
    const OutboxCode& results = outboxes_[at(holding.node)][at(holding.part)];
    const KeptTensor& tensor_kept = kept_of(node(holding.node).output);
    const KeptCode& kept = *tensor_kept.map;
    const Holder& holder = kept.map->holders[at(holding.holder)];
    const HeldShare share = share_of(holding);
    const Grid& own = part.grid;
    const Grid& held = holder.part.grid;
    FlowBuilder f(builder_, "rows_hold", fmt::format("{}.{}{}.held.{}", label(holding.node), part.c0, tag(own.y0, own.x0), holding.holder),
                  op_of(holding.node), part.core, isa::Engine::Move);
    const Ex one = f.constant(1);
    const Ex out = f.counter("out", results.out);
    const Ex sent = f.counter("sent", results.sent);
    const Ex sender = f.number("sender", holding.sender);
    const Ex cols = f.number("width", own.cols);
    const Ex slot = f.number("slot", outbox.pitch);
    const Ex pixel = f.number("pixel", holder.rows.pitch);
    const int element = tensor(node(holding.node).output).element_bytes;
    const Ex src = f.buffer("src", results.buffer) + f.number("src_first", (share.c0 - tensor_kept.c0 - part.c0) * element);
    const Ex dst = f.buffer("dst", kept.shares[at(holding.holder)]) +
                   f.number("dst_first", (share.c0 - holder.part.c0) * element + (own.x0 - held.x0) * holder.rows.pitch);
    const auto come = [&](const char* name, std::int64_t positions) {
        if (!kept.ready.empty()) {
            signal_if(f, f.counter("come", kept.ready[at(holding.holder)]), name, positions, holding.feeder);
        }
    };
    const int left = own.x0 + share.x0 - held.x0;
    const int right = held.cols - left - (share.x1 - share.x0);
    f.loop("n", f.batch(), [&](Ex n) {
        signal_if(f, sent, "rows_before", static_cast<std::int64_t>(share.first) * own.cols, holding.sender);
        come("held_before", static_cast<std::int64_t>(share.to) * held.cols);
        f.loop("i", f.number("rows", share.rows), [&](Ex i) {
            come("held_left", left);
            const Ex j = i * f.number("step", share.step) + f.number("first", share.first);
            const Ex to = n * f.number("held_rows", held.rows) + i * f.number("to_step", share.to_step) + f.number("to", share.to);
            signal_if(f, sent, "cols_before", share.x0, holding.sender);
            for_chunks(f, "x", share.x0, share.x1, outbox.chunk, [&](Ex x, Ex count) {
                const Ex position = (n * f.number("height", own.rows) + j) * cols + x;
                f.await(out, one, position + count);
                std::vector<FlowBuilder::Field> fields =
                    positions(f, outbox, (share.c1 - share.c0) * element, dst + (to * f.number("held_cols", held.cols) + x) * pixel,
                              src + mod(position, f.number("slots", outbox.slots)) * slot, count, holder.rows.pitch);
                fields.emplace_back("core", f.number("core", holder.part.core));
                f.op(isa::Opcode::Send, fields);
                if (!kept.ready.empty()) {
                    f.signal_at(f.counter("come", kept.ready[at(holding.holder)]), f.number("feeder", holding.feeder), count);
                }
                f.signal_at(sent, sender, count);
            });
            // Rows up to the next one are for others, and come from others.
            if (!kept.ready.empty() && share.to_step > 1) {
                const Ex between =
                    min(f.number("held_between", share.to_step - 1),
                        f.number("held_rows", held.rows) - 1 - f.number("to", share.to) - i * f.number("to_step", share.to_step));
                f.signal_at(f.counter("come", kept.ready[at(holding.holder)]), f.number("feeder", holding.feeder),
                            f.number("held_right", right) + between * f.number("held_cols", held.cols));
            } else {
                come("held_right", right);
            }
            const Ex unused = f.number("unused_cols", own.cols - share.x1);
            if (share.step > 1) {
                f.signal_at(sent, sender,
                            unused + min(f.number("rows_between", share.step - 1), f.number("last", own.rows - 1) - j) * cols);
            } else {
                signal_if(f, sent, "unused_cols", own.cols - share.x1, holding.sender);
            }
        });
        const int last = share.to + share.to_step * (share.rows - 1);
        const int told = std::min(share.to_step - 1, held.rows - 1 - last);
        come("held_after", static_cast<std::int64_t>(held.rows - 1 - last - told) * held.cols);
    });
    f.finish();
}

void Generator::transfer_flow(const Transfer& transfer) {
    const Part& part = part_of(transfer);
    const Outbox& outbox = outbox_of(transfer);
    const OutboxCode& results = results_of(transfer)[at(transfer.part)];
    const Landing& landing = memory_.landings[at(transfer.landing)];
    const LandingCode& code = landings_[at(transfer.landing)];
    const bool from_chip = part.core == isa::chip;
    const bool to_chip = landing.place == isa::chip;
    // Whoever has the bytes sends them; out of L0 the receiving core takes them.
    const int place = from_chip ? landing.place : part.core;
    const std::string kind =
        std::string(landing.flat ? "vector" : "rows") + (from_chip ? (to_chip ? "_copy" : "_load") : (to_chip ? "_store" : "_send"));
    FlowBuilder f(
        builder_, kind,
        fmt::format("{}.{}{}.to.{}", is_relay(transfer) ? label_of_tensor(graph_.inputs[at(transfer.input)]) : label(transfer.node),
                    transfer.view_c0 + part.c0, tag(part.grid.y0, part.grid.x0), code.name),
        is_relay(transfer) ? op_of_input(transfer.input) : op_of(transfer.node), place, isa::Engine::Move);
    const Ex ready = f.counter("ready", code.ready);
    const Ex feeder = f.number("feeder", transfer.feeder);
    const bool held = results.sent < 0;
    const auto tell_sent = [&](const char* name, std::int64_t amount) {
        if (!held) {
            signal_if(f, f.counter("sent", results.sent), name, amount, transfer.sender);
        }
    };
    const Ex one = f.constant(1);
    const int element = landing.element_bytes;

    const Ex pixel = f.number("pixel", landing.pixel_bytes());
    const auto move = [&](Ex position, Ex count, Ex dst) {
        if (results.out >= 0) {
            f.await(f.counter("out", results.out), results.feeders > 1 ? f.number("givers", results.feeders) : one, position + count);
        }
        const Ex in_outbox = held ? position : mod(position, f.number("slots", outbox.slots));
        const Ex src = f.buffer("src", results.buffer) + in_outbox * f.number("slot", outbox.pitch) +
                       f.number("src_first", (transfer.c0 - transfer.view_c0 - part.c0) * element);
        std::vector<FlowBuilder::Field> fields =
            positions(f, outbox, (transfer.c1 - transfer.c0) * element, dst, src, count, landing.pixel_bytes());
        if (!from_chip && !to_chip) {
            fields.emplace_back("core", f.number("core", landing.place));
        }
        const isa::Opcode from_core = to_chip ? isa::Opcode::Store : isa::Opcode::Send;
        f.op(from_chip ? (to_chip ? isa::Opcode::Copy : isa::Opcode::Load) : from_core, fields);
        f.signal_at(ready, feeder, count);
        if (!held) {
            f.signal_at(f.counter("sent", results.sent), f.number("sender", transfer.sender), count);
        }
    };
    const Ex dst = f.buffer("dst", code.buffer);
    const Ex dst_first = f.number("dst_first", (transfer.c0 - landing.c0) * element);

    if (code.pad >= 0) {
        f.await(f.counter("pad", code.pad), one, one);
    }
    const Grid& grid = part.grid;
    const Reading& r = landing.reading;
    const Overlap own(grid, r);
    const int rows = r.padded_rows();
    const int cols = r.padded_cols();
    if (landing.flat ? pixels_of(grid, landing) == 0 : !own.any()) {
        f.loop("n", f.batch(), [&](Ex) {
            signal_if(f, ready, "positions", landing.positions(), transfer.feeder);
            tell_sent("unused_positions", grid.positions());
        });
        f.finish();
        return;
    }
    if (landing.flat) {
        f.loop("n", f.batch(), [&](Ex n) {
            await_vector_room(f, landing, code, n);
            const Ex slot = dst + mod(n, f.number("copies", landing.rows)) * f.number("pitch", landing.row_bytes()) + dst_first;
            vector_rows(
                f, transfer, n, [&](Ex position, Ex count, Ex px) { move(position, count, slot + px * pixel); },
                [&](Ex positions) {
                    if (!held) {
                        f.signal_at(f.counter("sent", results.sent), f.number("sender", transfer.sender), positions);
                    }
                });
            signal_if(f, ready, "of_others", landing.positions() - pixels_of(grid, landing), transfer.feeder);
        });
        f.finish();
        return;
    }
    const int top = grid.y0 - r.skip_top + r.pad_top;  // row of the landing that is row 0 of the part
    const int left = grid.x0 - r.skip_left + r.pad_left;
    const int last = top + grid.dy * (own.j1 - 1);
    const int right = cols - left - own.x1;
    const auto send_row = [&](Ex n, Ex j, Ex in_image) {
        const Ex row = n * f.number("rows", rows) + in_image;
        await_room(f, landing, code, row);
        signal_if(f, ready, "left", left + own.x0, transfer.feeder);
        tell_sent("cols_before", own.x0);
        const Ex line = dst + mod(row, f.number("ring", landing.rows)) * f.number("pitch", landing.row_bytes());
        for_chunks(f, "x", own.x0, own.x1, outbox.chunk, [&](Ex x, Ex count) {
            move((n * f.number("height", grid.rows) + j) * f.number("width", grid.cols) + x, count,
                 line + (x + f.number("left_cols", left)) * pixel + dst_first);
        });
    };
    if (r.between > 0) {
        int told = 0;
        for (int window = 0; window < r.oh; ++window) {
            const int begin = r.top + r.window_step() * window;
            told += std::clamp(grid.y0 + grid.dy * grid.row_at(begin + r.kernel_h) - begin, 0, r.kernel_h);
        }
        f.loop("n", f.batch(), [&](Ex n) {
            tell_sent("rows_before", static_cast<std::int64_t>(grid.row_at(r.top)) * grid.cols);
            for_windows(
                f, r, grid, [&](Ex before) { f.signal_at(ready, feeder, before * f.number("cols", cols)); },
                [&](Ex j, Ex in_image, Ex up_to_next) {
                    send_row(n, j, in_image);
                    // Rows of others up to the next of this one are not waited for.
                    f.signal_at(ready, feeder, f.number("right", right) + (up_to_next - 1) * f.number("cols", cols));
                    tell_sent("unused_cols", grid.cols - own.x1);
                },
                [&](Ex skipped) {
                    if (!held) {
                        f.signal_at(f.counter("sent", results.sent), f.number("sender", transfer.sender),
                                    skipped * f.number("width", grid.cols));
                    }
                });
            signal_if(f, ready, "bottom_positions", static_cast<std::int64_t>(rows - told) * cols, transfer.feeder);
            tell_sent("unused_positions", static_cast<std::int64_t>(grid.rows - grid.row_at(r.top + r.window_step() * r.oh)) * grid.cols);
        });
        f.finish();
        return;
    }
    f.loop("n", f.batch(), [&](Ex n) {
        tell_sent("rows_before", static_cast<std::int64_t>(own.j0) * grid.cols);
        signal_if(f, ready, "top_positions", static_cast<std::int64_t>(top + grid.dy * own.j0) * cols, transfer.feeder);
        const auto row_of_part = [&](Ex j) {
            const Ex in_image = (grid.dy > 1 ? j * f.number("row_step", grid.dy) : j) + f.number("top", top);
            send_row(n, j, in_image);
            if (grid.dy > 1) {
                // Rows of other copies up to the next of this one are not waited for.
                f.signal_at(ready, feeder,
                            f.number("right", right) +
                                min(f.number("rows_between", grid.dy - 1), f.number("rows", rows) - 1 - in_image) * f.number("cols", cols));
            } else {
                signal_if(f, ready, "right", right, transfer.feeder);
            }
            tell_sent("unused_cols", grid.cols - own.x1);
        };
        if (own.j0 > 0) {
            f.loop("y", f.number("first_row", own.j0), f.number("used_rows", own.j1), row_of_part);
        } else {
            f.loop("y", f.number("used_rows", own.j1), row_of_part);
        }
        const int told = std::min(grid.dy - 1, rows - 1 - last);
        signal_if(f, ready, "bottom_positions", static_cast<std::int64_t>(rows - 1 - last - told) * cols, transfer.feeder);
        tell_sent("unused_positions", static_cast<std::int64_t>(grid.rows - own.j1) * grid.cols);
    });
    f.finish();
}

void Generator::vector_rows(FlowBuilder& f, const Transfer& transfer, Ex n, const std::function<void(Ex, Ex, Ex)>& move,
                            const std::function<void(Ex)>& tell_sent) {
    const Grid& grid = part_of(transfer).grid;
    const Landing& landing = memory_.landings[at(transfer.landing)];
    const int chunk = outbox_of(transfer).chunk;
    const Ex zero = f.constant(0);
    const Ex size = f.number("chunk", chunk);
    const Ex cols = f.number("cols", grid.cols);
    f.loop("y", f.number("height", grid.rows), [&](Ex j) {
        const Ex before = (j * f.number("row_step", grid.dy) + f.number("y0", grid.y0)) * f.number("width", landing.reading.w) +
                          f.number("x0", grid.x0) - f.number("px0", landing.px0);  // where in the vector the row would begin
        const Ex begin = min(max(zero - before, zero), cols);
        const Ex end = max(min(f.number("pixels", landing.positions()) - before, cols), begin);
        tell_sent(begin);
        // No chunk where nothing is taken, though that may be in the middle of one.
        const Ex chunks_end = min(div(end + (size - 1), size), div(begin, size) + (end - begin));
        f.loop("x", div(begin, size), chunks_end, [&](Ex k) {
            const Ex from = max(k * size, begin);
            const Ex count = min(k * size + size, end) - from;
            move((n * f.number("height", grid.rows) + j) * cols + from, count, before + from);
        });
        tell_sent(cols - end);
    });
}

}  // namespace cim::compiler
