// What flows of several kinds share: walking output positions, waiting for windows and for room, copying windows into stages.
#include <algorithm>

#include <fmt/format.h>

#include "compiler/codegen/generator.h"

namespace cim::compiler {

void Generator::for_positions(FlowBuilder& f, const Reading& r, const std::function<void(Ex, Ex, Ex, Ex)>& body,
                              const std::function<void(Ex, Ex)>& row_end, const std::function<void(Ex)>& image_begin, int grain) {
    const Ex oh = f.number("oh", r.oh);
    const Ex ow = f.number("ow", r.ow);
    f.loop("n", f.batch(), [&](Ex n) {
        if (image_begin) {
            image_begin(n);
        }
        f.loop("oy", oh, [&](Ex oy) {
            if (grain == 1) {
                f.loop("ox", ow, [&](Ex ox) { body(n, oy, ox, (n * oh + oy) * ow + ox); });
            } else {
                f.loop("run", f.number("runs", r.ow / grain), [&](Ex run) {
                    const Ex ox = run * f.number("grain", grain);
                    body(n, oy, ox, (n * oh + oy) * ow + ox);
                });
            }
            row_end(n, oy);
        });
    });
}

void Generator::for_windows(FlowBuilder& f, const Reading& r, const Grid& grid, const std::function<void(Ex)>& begin,
                            const std::function<void(Ex, Ex, Ex)>& row, const std::function<void(Ex)>& skip) {
    const Ex step = f.number("row_step", grid.dy);
    const Ex kernel = f.number("kernel_h", r.kernel_h);
    const Ex zero = f.constant(0);
    // The first row of the grid at or behind row `y` of the input, counted from the grid's first.
    const auto row_at = [&](Ex y) { return min(div(max(y, zero) + (step - 1), step), f.number("height", grid.rows)); };
    f.loop("window", f.number("windows", r.oh), [&](Ex window) {
        const Ex top = window * f.number("window_step", r.window_step()) + f.number("first_window", r.top - grid.y0);
        const Ex first = row_at(top);
        const Ex end = row_at(top + kernel);
        begin(max(min(first * step - top, kernel), zero));
        f.loop("y", first, end, [&](Ex j) {
            const Ex in_window = j * step - top;
            row(j, window * kernel + in_window, min(step, kernel - in_window));
        });
        skip(row_at(top + f.number("window_step", r.window_step())) - end);
    });
}

void Generator::for_chunks(FlowBuilder& f, const std::string& variable, int begin, int end, int chunk,
                           const std::function<void(Ex, Ex)>& body) {
    const int first = begin / chunk;
    const int last = (end + chunk - 1) / chunk;
    if (chunk > 1 && last - first == 1) {
        body(f.number("first_" + variable, begin), f.number(variable + "_count", end - begin));
        return;
    }
    const auto at_chunk = [&](Ex k) {
        if (chunk == 1) {
            body(k, f.constant(1));
            return;
        }
        const Ex size = f.number("chunk", chunk);
        const Ex from = begin % chunk == 0 ? k * size : max(k * size, f.number("first_" + variable, begin));
        const Ex to = end % chunk == 0 ? k * size + size : min(k * size + size, f.number("end_" + variable, end));
        body(from, begin % chunk == 0 && end % chunk == 0 ? size : to - from);
    };
    const Ex chunks_end = f.number("end_" + variable + (chunk > 1 ? "_chunk" : ""), last);
    if (first > 0) {
        f.loop(variable, f.number("first_" + variable + (chunk > 1 ? "_chunk" : ""), first), chunks_end, at_chunk);
    } else {
        f.loop(variable, chunks_end, at_chunk);
    }
}

void Generator::stage_flow(int index, int input, int reader) {
    const int landing_index = memory_.nodes[at(index)].landings[at(input)][0];
    const Landing& landing = memory_.landings[at(landing_index)];
    const LandingCode& code = landings_[at(landing_index)];
    const Stage& stage = memory_.nodes[at(index)].stages[at(input)][at(reader)];
    const StageCode& stage_code = stages_[at(index)][at(input)][at(reader)];
    FlowBuilder f(builder_, "stage", fmt::format("{}.stage{}.{}", label(index), input > 0 ? ".b" : "", reader), op_of(index), stage.core,
                  isa::Engine::Move);
    const Ex slots = f.number("slots", stage.slots);
    const Ex one = f.constant(1);
    const Grid& grid = stage.grid;
    const Ex rows = f.number("rows_here", grid.rows);
    const Ex cols = f.number("cols_here", grid.cols);
    const Ex freed = f.counter("freed", code.freed);
    f.loop("n", f.batch(), [&](Ex n) {
        await_turn(f, index, n);
        signal_if(f, freed, "rows_before", grid.y0, reader);
        f.loop("j", rows, [&](Ex j) {
            const Ex oy = grid.dy > 1 || grid.y0 > 0 ? f.number("y0", grid.y0) + j * f.number("row_step", grid.dy) : j;
            f.loop("x", cols, [&](Ex x) {
                const Ex ox = grid.x0 > 0 ? f.number("x0", grid.x0) + x : x;
                const Ex w = (n * rows + j) * cols + x;
                await_window(f, landing, code, n, oy, ox);
                f.await(f.counter("stage_free", stage_code.free), one, w + 1 - slots);
                std::vector<FlowBuilder::Field> fields = ring_window(f, landing, code, n, oy, ox, stage.c0, stage.c1,
                                                                     f.number("from", stage.from), f.number("bytes", stage.bytes));
                fields.emplace_back("dst", f.buffer("dst", stage_code.buffer) + mod(w, slots) * f.number("slot", align4(stage.bytes)));
                f.op(isa::Opcode::Load, fields);
                f.signal(f.counter("staged", stage_code.staged), one);
            });
            // Rows up to the next of this reader are done with as far as it is concerned.
            const Ex done = grid.dy > 1 ? min(f.number("row_step", grid.dy), f.number("oh", landing.reading.oh) - oy) : one;
            f.signal_at(freed, f.number("reader", reader), done);
        });
    });
    f.finish();
}

void Generator::await_turn(FlowBuilder& f, int index, Ex n) {
    if (!memory_.serial) {
        return;
    }
    const auto works = [](isa::Index turn) { return turn >= 0; };
    const auto mine = turns_.rend() - index;
    const auto before = std::find_if(mine, turns_.rend(), works);
    if (before != turns_.rend()) {
        f.await(f.counter("turn", *before), f.constant(1), n + 1);
    } else {
        f.await(f.counter("turn", *std::find_if(turns_.rbegin(), turns_.rend(), works)), f.constant(1), n);
    }
}

void Generator::turn_flow(int index) {
    const std::vector<Part>& parts = placement_[at(index)].parts;
    FlowBuilder f(builder_, fmt::format("turn.{}", parts.size()), label(index) + ".turn", op_of(index), isa::chip, isa::Engine::Move);
    f.loop("n", f.batch(), [&](Ex n) {
        for (std::size_t p = 0; p < parts.size(); ++p) {
            const std::string own = std::to_string(p);
            const OutboxCode& results = outboxes_[at(index)][p];
            const Ex positions = (n + 1) * f.number("positions" + own, parts[p].grid.positions());
            f.await(f.counter("out" + own, results.out), f.constant(1), positions);
            if (results.senders > 0) {
                f.await(f.counter("sent" + own, results.sent), f.number("receivers" + own, results.senders), positions);
            }
        }
        f.signal(f.counter("turn", turns_[at(index)]), f.constant(1));
    });
    f.finish();
}

void Generator::await_room(FlowBuilder& f, const Landing& landing, const LandingCode& code, Ex row) {
    if (landing.kept) {
        return;  // no row lies over another
    }
    const Ex freed = f.counter("freed", code.freed);
    const Ex readers = f.number("readers", static_cast<std::int64_t>(landing.readers.size()));
    const Ex old = row - f.number("ring", landing.rows);
    const Ex rows = f.number("rows", landing.reading.padded_rows());
    const Ex oh = f.number("oh", landing.reading.oh);
    const Ex stride = f.number("stride", landing.reading.stride_h);
    f.await(freed, readers, div(old, rows) * oh + min(div(mod(old, rows), stride) + 1, oh));
}

void Generator::await_vector_room(FlowBuilder& f, const Landing& landing, const LandingCode& code, Ex n) {
    const Ex readers = f.number("readers", static_cast<std::int64_t>(landing.readers.size()));
    f.await(f.counter("freed", code.freed), readers, n + 1 - f.number("copies", landing.rows));
}

Ex Generator::padding_rows(FlowBuilder& f, const Reading& r, Ex n, Ex end) {
    const Ex top = f.number("top", r.pad_top);
    const Ex bottom = f.number("bottom", r.bottom_rows());
    const Ex below = end - f.number("data_end", r.pad_top + r.used_rows());
    return n * (top + bottom) + min(end, top) + max(below, f.constant(0));
}

void Generator::await_window(FlowBuilder& f, const Landing& landing, const LandingCode& code, Ex n, Ex oy, Ex ox,
                             const std::string& which) {
    const Reading& r = landing.reading;
    const Ex ready = f.counter("ready" + which, code.ready);
    const Ex feeders = f.number("feeders" + which, code.feeders);
    if (landing.flat) {
        f.await(ready, feeders, (n + 1) * f.number("positions" + which, landing.positions()));
        return;
    }
    const Ex rows = f.number("rows" + which, r.padded_rows());
    const Ex cols = f.number("cols" + which, r.padded_cols());
    if (memory_.serial && landing.rows == r.padded_rows()) {  // the whole map lies there
        f.await(ready, feeders, (n + 1) * rows * cols);
        if (code.pad >= 0) {
            f.await(f.counter("pad", code.pad), f.constant(1), padding_rows(f, r, n, rows) + 1);
        }
        return;
    }
    const Ex last_row = oy * f.number("stride" + which, r.stride_h) + f.number("kernel_h" + which, r.kernel_h);
    if (code.feeders > 0) {  // else the windows lie in the padding
        f.await(
            ready, feeders,
            (n * rows + last_row - 1) * cols + ox * f.number("stride_w" + which, r.stride_w) + f.number("kernel_w" + which, r.kernel_w));
    }
    if (code.pad >= 0) {
        f.await(f.counter("pad", code.pad), f.constant(1), padding_rows(f, r, n, last_row) + 1);
    }
}

std::vector<FlowBuilder::Field> Generator::ring_window(FlowBuilder& f, const Landing& landing, const LandingCode& code, Ex n, Ex oy, Ex ox,
                                                       int c0, int c1, Ex from, Ex bytes, const std::string& own) {
    const Reading& r = landing.reading;
    const int pixel = landing.pixel_bytes();
    std::vector<FlowBuilder::Field> fields{
        {"src", f.buffer("src", code.buffer)},
        {"ring", f.number("ring", landing.rows)},
        {"pitch", f.number("pitch", landing.row_bytes())},
        {"y", n * f.number("rows", r.padded_rows()) + oy * f.number("stride", r.stride_h)},
        {"x", ox * f.number("step_x", static_cast<std::int64_t>(r.stride_w) * pixel)},
        {"taps", f.number("taps", r.taps_w)},
        {"tap", f.number("tap" + own, (c1 - c0) * landing.element_bytes)},
        {"step", f.number("tap_step", static_cast<std::int64_t>(r.dilation_w) * pixel)},
        {"dy", f.number("dy", r.dilation_h)},
        {"from", from},
        {"n", bytes},
    };
    if (c0 > landing.c0) {
        fields[4].second = fields[4].second + f.number("first" + own, (c0 - landing.c0) * landing.element_bytes);
    }
    return fields;
}

void Generator::await_sent(FlowBuilder& f, const OutboxCode& results, Ex count) {
    if (results.senders > 0) {
        f.await(f.counter("sent", results.sent), f.number("receivers", results.senders), count);
    }
}

void Generator::signal_if(FlowBuilder& f, Ex counter, const std::string& name, std::int64_t amount, std::int64_t index) {
    if (amount > 0) {
        f.signal_at(counter, f.number(name + "_index", index), f.number(name, amount));
    }
}

}  // namespace cim::compiler
