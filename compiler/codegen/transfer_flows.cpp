// Flows that carry results from operator to operator, and those that keep the padding of a landing filled.
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
            if (r.stride_h > r.kernel_h) {
                // No window reads the rows between two windows: that such a row has come is all that orders its writing before this one.
                f.await(f.counter("ready", code.ready), f.number("feeders", code.feeders),
                        (row - f.number("ring", landing.rows) + 1) * f.number("cols", r.padded_cols()));
            }
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

void Generator::transfer_flow(const Transfer& transfer) {
    const Part& part = placement_[at(transfer.node)].parts[at(transfer.part)];
    const Outbox& outbox = memory_.nodes[at(transfer.node)].outboxes[at(transfer.part)];
    const OutboxCode& results = outboxes_[at(transfer.node)][at(transfer.part)];
    const Landing& landing = memory_.landings[at(transfer.landing)];
    const LandingCode& code = landings_[at(transfer.landing)];
    const Reading& r = landing.reading;
    const bool from_chip = part.core == isa::chip;
    const bool to_chip = landing.place == isa::chip;
    // Whoever has the bytes sends them; out of L0 the receiving core takes them.
    const int place = from_chip ? landing.place : part.core;
    const std::string kind =
        std::string(landing.flat ? "vector" : "rows") + (from_chip ? (to_chip ? "_copy" : "_load") : (to_chip ? "_store" : "_send"));
    FlowBuilder f(builder_, kind, fmt::format("{}.{}.to.{}", node(transfer.node).name, transfer.view_c0 + part.c0, code.name),
                  op_of(transfer.node), place, isa::Engine::Move);
    const Ex ready = f.counter("ready", code.ready);
    const Ex feeder = f.number("feeder", transfer.feeder);
    const Ex sent = f.counter("sent", results.sent);
    const Ex sender = f.number("sender", transfer.sender);
    const Ex one = f.constant(1);
    const int element = landing.element_bytes;

    const auto move = [&](Ex position, Ex dst) {
        f.await(f.counter("out", results.out), one, position + 1);
        const Ex src = f.buffer("src", results.buffer) +
                       mod(position, f.number("slots", outbox.slots)) * f.number("slot", align4(outbox.bytes)) +
                       f.number("src_first", (transfer.c0 - transfer.view_c0 - part.c0) * element);
        const Ex bytes = f.number("bytes", (transfer.c1 - transfer.c0) * element);
        if (!from_chip && !to_chip) {
            f.op(isa::Opcode::Send, {{"core", f.number("core", landing.place)}, {"dst", dst}, {"src", src}, {"n", bytes}});
        } else {
            const isa::Opcode opcode = from_chip ? (to_chip ? isa::Opcode::Copy : isa::Opcode::Load) : isa::Opcode::Store;
            f.op(opcode, {{"dst", dst}, {"src", src}, {"n", bytes}});
        }
        f.signal_at(ready, feeder, one);
        f.signal_at(sent, sender, one);
    };
    const Ex dst = f.buffer("dst", code.buffer);
    const Ex dst_first = f.number("dst_first", (transfer.c0 - landing.c0) * element);
    const Ex pixel = f.number("pixel", landing.pixel_bytes());

    if (code.pad >= 0) {
        f.await(f.counter("pad", code.pad), one, one);
    }
    f.loop("n", f.batch(), [&](Ex n) {
        if (landing.flat) {
            const std::int64_t positions = static_cast<std::int64_t>(r.h) * r.w;
            signal_if(f, sent, "skipped_before", landing.px0, transfer.sender);
            f.await(f.counter("freed", code.freed), one, n + 1 - f.number("copies", landing.rows));
            const Ex px0 = f.number("px0", landing.px0);
            f.loop("p", px0, f.number("px1", landing.px1), [&](Ex p) {
                move(n * f.number("positions", positions) + p,
                     dst + mod(n, f.number("copies", landing.rows)) * f.number("pitch", landing.row_bytes()) + (p - px0) * pixel +
                         dst_first);
            });
            signal_if(f, sent, "skipped_after", positions - landing.px1, transfer.sender);
            return;
        }
        signal_if(f, ready, "top_positions", static_cast<std::int64_t>(r.pad_top) * r.padded_cols(), transfer.feeder);
        f.loop("y", f.number("used_rows", r.used_rows()), [&](Ex y) {
            const Ex row = n * f.number("rows", r.padded_rows()) + y + f.number("top", r.pad_top);
            await_room(f, landing, code, row);
            signal_if(f, ready, "left", r.pad_left, transfer.feeder);
            f.loop("x", f.number("used_cols", r.used_cols()), [&](Ex x) {
                move((n * f.number("height", r.h) + y) * f.number("width", r.w) + x,
                     dst + mod(row, f.number("ring", landing.rows)) * f.number("pitch", landing.row_bytes()) +
                         (x + f.number("left_cols", r.pad_left)) * pixel + dst_first);
            });
            signal_if(f, ready, "right", r.right_cols(), transfer.feeder);
            signal_if(f, sent, "unused_cols", r.w - r.used_cols(), transfer.sender);
        });
        signal_if(f, ready, "bottom_positions", static_cast<std::int64_t>(r.bottom_rows()) * r.padded_cols(), transfer.feeder);
        signal_if(f, sent, "unused_positions", static_cast<std::int64_t>(r.h - r.used_rows()) * r.w, transfer.sender);
    });
    f.finish();
}

}  // namespace cim::compiler
