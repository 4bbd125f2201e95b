// Flows that pass the input of a Conv on from core to core (compiler/mapping/forwarding.h).
#include <algorithm>

#include <fmt/format.h>

#include "compiler/codegen/generator.h"

namespace cim::compiler {

void Generator::forward_flow(int index) {
    const Landing& landing = memory_.landings[at(index)];
    const LandingCode& code = landings_[at(index)];
    const std::vector<int>& all = memory_.nodes[at(landing.node)].landings[at(landing.input)];
    const auto before = [&](int other) { return memory_.landings[at(other)].from == landing.from; };
    const int first = *std::find_if(all.begin(), all.end(), [&](int other) { return memory_.landings[at(other)].place == landing.from; });
    const Landing& from = memory_.landings[at(first)];
    const LandingCode& source = landings_[at(first)];
    // Those that it passes rows on to read them behind its copies.
    const auto passed = std::count_if(all.begin(), all.end(), before);
    const auto position = std::count_if(all.begin(), std::find(all.begin(), all.end(), index), before);
    const auto reader = static_cast<std::int64_t>(from.readers.size()) - passed + position;
    const Reading& r = landing.reading;
    FlowBuilder f(builder_, landing.flat ? "forward_vector" : "forward_rows", fmt::format("{}.from.{}", code.name, landing.from),
                  op_of(landing.node), landing.from, isa::Engine::Move);
    const Ex one = f.constant(1);
    const Ex ready = f.counter("ready", code.ready);
    const Ex freed = f.counter("taken", source.freed);
    if (landing.flat) {
        const Ex bytes = f.number("bytes", landing.row_bytes());
        const Ex pixels = f.number("pixels", landing.positions());
        f.loop("n", f.batch(), [&](Ex n) {
            await_vector_room(f, landing, code, n);
            f.await(f.counter("come", source.ready), f.number("feeders", source.feeders), (n + 1) * pixels);
            f.op(isa::Opcode::Send, {{"core", f.number("core", landing.place)},
                                     {"dst", f.buffer("dst", code.buffer) + mod(n, f.number("copies", landing.rows)) * bytes},
                                     {"src", f.buffer("src", source.buffer) + mod(n, f.number("source_copies", from.rows)) * bytes},
                                     {"n", bytes}});
            f.signal(ready, pixels);
            f.signal_at(freed, f.number("reader", reader), one);
        });
        f.finish();
        return;
    }
    const Ex rows = f.number("rows", r.padded_rows());
    const Ex cols = f.number("cols", r.padded_cols());
    const Ex pitch = f.number("pitch", landing.row_bytes());
    const Ex pixel = f.number("pixel", landing.pixel_bytes());
    if (code.pad >= 0) {
        f.await(f.counter("pad", code.pad), one, one);
    }
    // Windows of the sender that may be written over when it has passed on a row; the last ones when it has passed on all of an image.
    const auto done = [&](Ex row) { return min(div(row + one, f.number("stride", r.stride_h)), f.number("last", r.oh - 1)); };
    const std::int64_t above = std::min(r.pad_top / r.stride_h, r.oh - 1);
    f.loop("n", f.batch(), [&](Ex n) {
        signal_if(f, ready, "top_positions", static_cast<std::int64_t>(r.pad_top) * r.padded_cols(), 0);
        signal_if(f, freed, "above", above, static_cast<int>(reader));
        f.loop("y", f.number("used_rows", r.used_rows()), [&](Ex y) {
            const Ex in_image = y + f.number("top", r.pad_top);
            const Ex row = n * rows + in_image;
            await_room(f, landing, code, row);
            signal_if(f, ready, "left_cols", r.pad_left, 0);
            const Ex dst = f.buffer("dst", code.buffer) + mod(row, f.number("ring", landing.rows)) * pitch;
            const Ex src = f.buffer("src", source.buffer) + mod(row, f.number("source_ring", from.rows)) * pitch;
            for_chunks(f, "x", r.pad_left, r.pad_left + r.used_cols(), landing.chunk, [&](Ex x, Ex count) {
                f.await(f.counter("come", source.ready), f.number("feeders", source.feeders), row * cols + x + count);
                f.op(isa::Opcode::Send,
                     {{"core", f.number("core", landing.place)}, {"dst", dst + x * pixel}, {"src", src + x * pixel}, {"n", count * pixel}});
                f.signal(ready, count);
            });
            signal_if(f, ready, "right_cols", r.padded_cols() - r.pad_left - r.used_cols(), 0);
            f.signal_at(freed, f.number("reader", reader), done(in_image) - done(in_image - one));
        });
        signal_if(f, ready, "bottom_positions", static_cast<std::int64_t>(r.bottom_rows()) * r.padded_cols(), 0);
        const std::int64_t last = r.pad_top + r.used_rows();
        signal_if(f, freed, "below", r.oh - std::min<std::int64_t>(last / r.stride_h, r.oh - 1), static_cast<int>(reader));
    });
    f.finish();
}

}  // namespace cim::compiler
