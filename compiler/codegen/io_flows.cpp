// Flows between external memory and the chip: rows of the input into L0 and from there to the cores, rows of the output.
#include <algorithm>
#include <optional>

#include <fmt/format.h>

#include "compiler/ceil_div.h"
#include "compiler/codegen/generate.h"
#include "compiler/codegen/generator.h"

namespace cim::compiler {

void Generator::input_flows(int index) {
    const Landing& landing = memory_.landings[at(index)];
    const TensorId id = tensor_of(landing);
    const auto found = std::find(graph_.inputs.begin(), graph_.inputs.end(), id);
    if (found == graph_.inputs.end()) {
        return;
    }
    const auto input = static_cast<int>(found - graph_.inputs.begin());
    if (landing.place == isa::chip) {
        input_rows(input, index);
        return;
    }
    if (relayed(id) >= 0) {
        return;
    }
    int reader = 0;
    for (int before = 0; before < index; ++before) {
        const Landing& other = memory_.landings[at(before)];
        reader += other.node >= 0 && other.place != isa::chip && other.from < 0 && tensor_of(other) == id ? 1 : 0;
    }
    load_flow(memory_.input_landings[at(input)], reader, index);
}

void Generator::input_rows(int input, int index) {
    const Landing& landing = memory_.landings[at(index)];
    const int op_of_tensor = op_of_input(input);
    const bool of_reader = landing.node >= 0 && op_of_tensor < static_cast<int>(network_.nodes.size());
    const int op = of_reader ? op_of(landing.node) : op_of_tensor;
    if (landing.kept) {
        present_flow(index, op);
    } else {
        fetch_flow(input, index, op);
    }
}

void Generator::present_flow(int index, int op) {
    const Landing& landing = memory_.landings[at(index)];
    const LandingCode& code = landings_[at(index)];
    FlowBuilder f(builder_, "present", code.name + ".present", op, isa::chip, isa::Engine::Move);
    f.loop("n", f.batch(), [&](Ex) { f.signal(f.counter("ready", code.ready), f.number("positions", landing.positions())); });
    f.finish();
}

void Generator::in_pieces(FlowBuilder& f, const std::string& name, std::int64_t items, std::int64_t most,
                          const std::function<void(std::optional<Ex>, Ex)>& body) {
    if (items <= most) {
        body(std::nullopt, f.number(name, items));
        return;
    }
    f.loop("piece", f.number("pieces_of_" + name, ceil_div(items, most)), [&](Ex k) {
        const Ex piece = f.number("piece_of_" + name, most);
        const Ex first = k * piece;
        body(first, items % most == 0 ? piece : min(piece, f.number(name, items) - first));
    });
}

void Generator::fetch_flow(int input, int index, int op) {
    const Landing& landing = memory_.landings[at(index)];
    const LandingCode& code = landings_[at(index)];
    const Reading& r = landing.reading;
    const KeptTensor& tensor_kept = kept_of(graph_.inputs[at(input)]);
    const isa::Index kept = tensor_kept.map != nullptr ? tensor_kept.map->buffer : -1;
    const ExternalTensor& source = external_of(graph_.inputs[at(input)]);
    const int pixel = r.c * landing.element_bytes;
    FlowBuilder f(builder_, kept >= 0 ? "copy" : "fetch", code.name + (kept >= 0 ? ".copy" : ".fetch"), op, isa::chip, isa::Engine::Move);
    if (kept < 0) {
        milestones_.inputs.push_back({code.ready, 0, landing.positions()});
    }
    const Ex ready = f.counter("ready", code.ready);
    const Ex rows = f.number("rows", r.padded_rows());
    if (code.pad >= 0) {
        f.await(f.counter("pad", code.pad), f.constant(1), f.constant(1));
    }
    f.loop("n", f.batch(), [&](Ex n) {
        signal_if(f, ready, "top_positions", static_cast<std::int64_t>(r.pad_top) * r.padded_cols(), 0);
        const auto fetch_row = [&](Ex y, Ex in_image) {
            const Ex row = n * rows + in_image;
            await_room(f, landing, code, row);
            const std::int64_t source_row = static_cast<std::int64_t>(r.w) * pixel;
            const Ex dst = f.buffer("dst", code.buffer) +
                           mod(row, f.number("ring", landing.rows)) * f.number("pitch", landing.row_bytes()) +
                           f.number("left", static_cast<std::int64_t>(r.pad_left) * pixel);
            const Ex src = (kept >= 0 ? f.buffer("kept", kept) : f.number("ext", source.offset)) + n * f.number("image", r.h * source_row) +
                           y * f.number("source_row", source_row);
            in_pieces(f, "bytes", static_cast<std::int64_t>(r.used_cols()) * pixel, kept >= 0 ? whole_rows : most_transferred_,
                      [&](std::optional<Ex> first, Ex bytes) {
                          f.op(kept >= 0 ? isa::Opcode::Copy : isa::Opcode::Fetch,
                               {{"dst", first ? dst + *first : dst}, {"src", first ? src + *first : src}, {"n", bytes}});
                      });
            f.signal(ready, f.number("cols", r.padded_cols()));
        };
        if (r.between > 0 && r.used_rows() > 0) {
            for_windows(
                f, r, {0, 1, r.h, 0, r.w}, [](Ex) {}, [&](Ex y, Ex in_image, Ex) { fetch_row(y, in_image); }, [](Ex) {});
        } else {
            f.loop("y", f.number("used_rows", r.used_rows()), [&](Ex y) { fetch_row(y, y + f.number("top", r.pad_top)); });
        }
        signal_if(f, ready, "bottom_positions", static_cast<std::int64_t>(r.bottom_rows()) * r.padded_cols(), 0);
    });
    f.finish();
}

void Generator::load_flow(int input_landing, int reader, int index) {
    const Landing& from = memory_.landings[at(input_landing)];
    const LandingCode& source = landings_[at(input_landing)];
    const Landing& landing = memory_.landings[at(index)];
    const LandingCode& code = landings_[at(index)];
    const Reading& r = landing.reading;
    int first_row = landing.flat ? landing.px0 / r.w : r.skip_top;
    int last_row = landing.flat ? ceil_div(landing.px1, r.w) : r.skip_top + r.used_rows();
    if (r.between > 0 && r.used_rows() > 0) {
        first_row = std::clamp(r.top, 0, r.h);
        last_row = std::clamp(r.top + r.window_step() * r.oh, 0, r.h);
    }
    FlowBuilder f(builder_, landing.flat ? "load_vector" : "load_rows", code.name + ".load", op_of(landing.node), landing.place,
                  isa::Engine::Move);
    const Ex ready = f.counter("ready", code.ready);
    const Ex taken = f.counter("taken", source.freed);
    const Ex y0 = f.number("first_row", first_row);
    const Ex height = f.number("height", r.h);
    if (code.pad >= 0) {
        f.await(f.counter("pad", code.pad), f.constant(1), f.constant(1));
    }
    f.loop("n", f.batch(), [&](Ex n) {
        signal_if(f, taken, "skipped_before", first_row, reader);
        if (!landing.flat) {
            signal_if(f, ready, "top_positions", static_cast<std::int64_t>(r.pad_top) * r.padded_cols(), 0);
        } else {
            await_vector_room(f, landing, code, n);
        }
        const auto load_row = [&](Ex y, std::optional<Ex> in_landing) {
            const Ex width = f.number("width", r.w);
            const Ex pixel = f.number("pixel", landing.pixel_bytes());
            f.await(f.counter("come", source.ready), f.constant(1), (n * height + y + 1) * width);
            Ex dst = f.buffer("dst", code.buffer);
            Ex channel = f.number("channel", (landing.flat ? 0 : r.skip_left) * r.c + landing.c0);
            Ex pixels = f.number("pixels", r.used_cols());
            if (landing.flat) {
                // Of its first row and of its last one maybe a part.
                const Ex px0 = f.number("px0", landing.px0);
                const Ex first = max(px0 - y * width, f.constant(0));
                pixels = min(f.number("px1", landing.px1) - y * width, width) - first;
                channel = channel + first * f.number("pixel_step", r.c);
                dst = dst + mod(n, f.number("copies", landing.rows)) * f.number("pitch", landing.row_bytes()) +
                      (y * width + first - px0) * pixel;
            } else {
                const Ex in_image = in_landing ? *in_landing : y + f.number("top", r.pad_top - r.skip_top);
                const Ex row = n * f.number("rows", r.padded_rows()) + in_image;
                await_room(f, landing, code, row);
                dst = dst + mod(row, f.number("ring", landing.rows)) * f.number("pitch", landing.row_bytes()) +
                      f.number("left", static_cast<std::int64_t>(r.pad_left) * landing.pixel_bytes());
            }
            f.op(isa::Opcode::Load, {{"dst", dst},
                                     {"src", f.buffer("src", source.buffer)},
                                     {"ring", f.number("source_ring", from.rows)},
                                     {"pitch", f.number("source_pitch", from.row_bytes())},
                                     {"y", n * height + y},
                                     {"x", channel},
                                     {"taps", pixels},
                                     {"tap", pixel},
                                     {"step", f.number("pixel_step", r.c)},
                                     {"n", pixels * pixel}});
            f.signal(ready, landing.flat ? pixels : f.number("come_positions", r.padded_cols()));
            f.signal_at(taken, f.number("reader", reader), f.constant(1));
        };
        if (r.between > 0 && r.used_rows() > 0) {
            for_windows(
                f, r, {0, 1, r.h, 0, r.w}, [](Ex) {}, [&](Ex y, Ex in_landing, Ex) { load_row(y, in_landing); },
                [&](Ex skipped) { f.signal_at(taken, f.number("reader", reader), skipped); });
        } else {
            f.loop("y", y0, f.number("last_row", last_row), [&](Ex y) { load_row(y, std::nullopt); });
        }
        signal_if(f, taken, "skipped_after", r.h - last_row, reader);
        if (!landing.flat) {
            signal_if(f, ready, "bottom_positions", static_cast<std::int64_t>(r.bottom_rows()) * r.padded_cols(), 0);
        }
    });
    f.finish();
}

void Generator::relay_flow(int input, int index) {
    const int landing_index = memory_.input_landings[at(input)];
    const Landing& from = memory_.landings[at(landing_index)];
    const LandingCode& source = landings_[at(landing_index)];
    const Outbox& relay = memory_.relays[at(input)][at(index)];
    const OutboxCode& code = relays_[at(input)][at(index)];
    const Part& part = segment_.relays[at(input)][at(index)];
    const Grid& grid = part.grid;
    FlowBuilder f(builder_, "relay", fmt::format("{}.relay.{}.load", label_of_tensor(graph_.inputs[at(input)]), index), op_of_input(input),
                  relay.core, isa::Engine::Move);
    const Ex one = f.constant(1);
    const Ex taken = f.counter("taken", source.freed);
    const Ex reader = f.number("reader", index);
    const Ex height = f.number("height", from.reading.h);
    const Ex rows = f.number("rows", grid.rows);
    const Ex step = f.number("row_step", grid.dy);
    const Ex cols = f.number("cols", grid.cols);
    const Ex pitch = f.number("pitch", from.row_bytes());
    const Ex bytes = f.number("bytes", static_cast<std::int64_t>(grid.cols) * relay.pitch);
    f.loop("n", f.batch(), [&](Ex n) {
        signal_if(f, taken, "rows_before", grid.y0, index);
        f.loop("j", rows, [&](Ex j) {
            const Ex y = j * step + f.number("y0", grid.y0);
            const Ex row = n * rows + j;
            f.await(f.counter("come", source.ready), one, (n * height + y + one) * f.number("width", from.reading.w));
            await_sent(f, code, (row - 1) * cols);
            f.op(isa::Opcode::Load,
                 {{"dst", f.buffer("dst", code.buffer) + mod(row, f.constant(2)) * bytes},
                  {"src", f.buffer("src", source.buffer) + mod(n * height + y, f.number("source_ring", from.rows)) * pitch +
                              f.number("first", static_cast<std::int64_t>(grid.x0) * from.pixel_bytes() + part.c0 * from.element_bytes)},
                  {"n", bytes}});
            f.signal(f.counter("out", code.out), cols);
            // Rows up to its next one are for others.
            f.signal_at(taken, reader, min(step, height - y));
        });
    });
    f.finish();
}

void Generator::flush_flow(int output) {
    const int index = memory_.output_landings[at(output)];
    const Landing& landing = memory_.landings[at(index)];
    const LandingCode& code = landings_[at(index)];
    const Reading& r = landing.reading;
    const std::vector<ExternalTarget>& targets = targets_[at(segment_.mapped[at(graph_.outputs[at(output)])])];
    FlowBuilder f(builder_, "flush", code.name + ".flush", op_of_output(output), isa::chip, isa::Engine::Move);
    const Ex height = f.number("height", r.h);
    const Ex bytes = f.number("bytes", landing.row_bytes());
    f.loop("n", f.batch(), [&](Ex n) {
        f.loop("y", height, [&](Ex y) {
            const Ex row = n * height + y;
            f.await(f.counter("ready", code.ready), f.number("feeders", code.feeders), (row + 1) * f.number("width", r.w));
            const Ex src = f.buffer("src", code.buffer) + mod(row, f.number("ring", landing.rows)) * bytes;
            for (std::size_t t = 0; t < targets.size(); ++t) {
                const auto own = [&](const char* name) { return name + (t > 0 ? std::to_string(t) : std::string()); };
                const ExternalTensor& tensor = targets[t].tensor;
                if (tensor.pixel == landing.pixel_bytes()) {
                    const Ex dst = f.number(own("ext"), tensor.offset) + row * bytes;
                    in_pieces(f, "bytes", landing.row_bytes(), most_transferred_, [&](std::optional<Ex> first, Ex n) {
                        f.op(isa::Opcode::Flush, {{"dst", first ? dst + *first : dst}, {"src", first ? src + *first : src}, {"n", n}});
                    });
                    continue;
                }
                const Ex pixel = f.number("pixel", landing.pixel_bytes());
                const Ex pitch = f.number(own("pitch"), tensor.pixel);
                const Ex dst = f.number(own("ext"), tensor.offset + targets[t].c0) + row * pitch * f.number("width", r.w);
                if (landing.pixel_bytes() > most_transferred_) {
                    f.loop("x", f.number("width", r.w), [&](Ex x) {
                        in_pieces(f, "pixel", landing.pixel_bytes(), most_transferred_, [&](std::optional<Ex> first, Ex n) {
                            f.op(isa::Opcode::Flush, {{"dst", dst + x * pitch + *first}, {"src", src + x * pixel + *first}, {"n", n}});
                        });
                    });
                    continue;
                }
                in_pieces(f, "width", r.w, most_transferred_ / landing.pixel_bytes(), [&](std::optional<Ex> first, Ex count) {
                    f.op(isa::Opcode::Flush, {{"dst", first ? dst + *first * pitch : dst},
                                              {"src", first ? src + *first * pixel : src},
                                              {"n", pixel},
                                              {"count", count},
                                              {"dst_pitch", pitch},
                                              {"src_pitch", pixel}});
                });
            }
            f.signal(f.counter("freed", code.freed), f.constant(1));
        });
    });
    f.finish();
}

}  // namespace cim::compiler
