// Flows of operators that work on the ALU, channel by channel: pools, joins, tables.
#include <fmt/format.h>

#include "compiler/codegen/generator.h"

namespace cim::compiler {

namespace {

const char* kind_name(NodeKind kind) {
    switch (kind) {
        case NodeKind::MaxPool: return "pool";
        case NodeKind::AveragePool: return "average";
        case NodeKind::Clip: return "clip";
        case NodeKind::Lut: return "lut";
        case NodeKind::PRelu: return "prelu";
        case NodeKind::Add: return "join";
        case NodeKind::Mul: return "scale";
        default: return "softmax";
    }
}

isa::Opcode opcode_of(NodeKind kind) {
    switch (kind) {
        case NodeKind::MaxPool: return isa::Opcode::MaxPool;
        case NodeKind::AveragePool: return isa::Opcode::Average;
        case NodeKind::Clip: return isa::Opcode::Clip;
        case NodeKind::Lut: return isa::Opcode::Lut;
        case NodeKind::PRelu: return isa::Opcode::PRelu;
        case NodeKind::Add: return isa::Opcode::Add;
        case NodeKind::Mul: return isa::Opcode::Mul;
        default: return isa::Opcode::Softmax;
    }
}

}  // namespace

const Landing& Generator::landing_of(int index, int input, int part) const {
    const std::vector<int>& landings = memory_.nodes[at(index)].landings[at(input)];
    return memory_.landings[at(landings[landings.size() > 1 ? at(part) : 0])];
}

const LandingCode& Generator::landing_code_of(int index, int input, int part) const {
    const std::vector<int>& landings = memory_.nodes[at(index)].landings[at(input)];
    return landings_[at(landings[landings.size() > 1 ? at(part) : 0])];
}

bool Generator::one_for_all(int index, int input) const {
    return reading_of(graph_, node(index), input).positions() == 1 && whole_grid(graph_, node(index)).positions() > 1;
}

Ex Generator::await_operand(FlowBuilder& f, int index, int input, int part, Ex n, Ex oy, Ex ox, Ex w) {
    const std::string which = node(index).inputs.size() > 1 ? (input == 0 ? "_a" : "_b") : "";
    const Landing& landing = landing_of(index, input, part);
    const LandingCode& code = landing_code_of(index, input, part);
    const bool vector = one_for_all(index, input);
    const Ex position = vector ? n : w;
    if (memory_.nodes[at(index)].staged(input)) {
        const Stage& stage = memory_.nodes[at(index)].stages[at(input)][at(part)];
        const StageCode& stage_code = stages_[at(index)][at(input)][at(part)];
        f.await(f.counter("staged" + which, stage_code.staged), f.constant(1), position + 1);
        return f.buffer("src" + which, stage_code.buffer) +
               mod(position, f.number("stage_slots" + which, stage.slots)) * f.number("stage_slot" + which, align4(stage.bytes));
    }
    const Ex zero = f.constant(0);
    await_window(f, landing, code, n, vector ? zero : oy, vector ? zero : ox, which);
    const Ex rows = f.number("rows" + which, landing.reading.padded_rows());
    const Ex row = mod(n * rows + (vector ? zero : oy), f.number("ring" + which, landing.rows));
    const Ex line = f.buffer("src" + which, code.buffer) + row * f.number("pitch" + which, landing.row_bytes());
    return vector ? line : line + ox * f.number("pixel" + which, landing.pixel_bytes());
}

std::vector<FlowBuilder::Field> Generator::operand_window(FlowBuilder& f, int index, int part_index, Ex n, Ex oy, Ex ox, Ex w) {
    const Landing& landing = landing_of(index, 0, part_index);
    const Reading& r = landing.reading;
    const Part& part = placement_[at(index)].parts[at(part_index)];
    const std::int64_t taps = static_cast<std::int64_t>(r.taps_h) * r.taps_w;
    const Ex bytes = f.number("bytes", taps * (part.c1 - part.c0));
    if (!memory_.nodes[at(index)].staged(0)) {
        const LandingCode& code = landing_code_of(index, 0, part_index);
        await_window(f, landing, code, n, oy, ox);
        return ring_window(f, landing, code, n, oy, ox, part.c0, part.c1, f.constant(0), bytes);
    }
    return {{"src", await_operand(f, index, 0, part_index, n, oy, ox, w)},
            {"taps", f.number("taps", taps)},
            {"tap", f.number("tap", part.c1 - part.c0)},
            {"n", bytes}};
}

void Generator::free_operand(FlowBuilder& f, int index, int input, int part) {
    if (memory_.nodes[at(index)].staged(input)) {
        const std::string which = node(index).inputs.size() > 1 ? (input == 0 ? "_a" : "_b") : "";
        f.signal(f.counter("stage_free" + which, stages_[at(index)][at(input)][at(part)].free), f.constant(1));
    }
}

void Generator::free_row(FlowBuilder& f, int index, int input, int part) {
    if (!memory_.nodes[at(index)].staged(input)) {
        const std::string which = node(index).inputs.size() > 1 ? (input == 0 ? "_a" : "_b") : "";
        f.signal(f.counter("freed" + which, landing_code_of(index, input, part).freed), f.constant(1));
    }
}

void Generator::average_flow(int index, int part_index) {
    const Part& part = placement_[at(index)].parts[at(part_index)];
    const Outbox& outbox = memory_.nodes[at(index)].outboxes[at(part_index)];
    const OutboxCode& results = outboxes_[at(index)][at(part_index)];
    const int height = landing_of(index, 0, part_index).reading.oh;
    FlowBuilder f(builder_, memory_.nodes[at(index)].staged(0) ? "average_rows_stage" : "average_rows",
                  fmt::format("{}.average.{}", label(index), part.c0), op_of(index), part.core, isa::Engine::Alu);
    const Ex one = f.constant(1);
    const Ex rows = f.number("rows", height);
    const Ex slots = f.number("slots", outbox.slots);
    f.loop("n", f.batch(), [&](Ex n) {
        await_turn(f, index, n);
        await_sent(f, results, n + 1 - slots);
        const Ex dst = f.buffer("dst", results.buffer) + mod(n, slots) * f.number("slot", outbox.pitch);
        const Ex sums = dst + f.number("sums", outbox.sums);
        f.loop("y", rows, [&](Ex y) {
            std::vector<FlowBuilder::Field> fields = operand_window(f, index, part_index, n, y, f.constant(0), n * rows + y);
            fields.emplace_back("dst", sums);
            fields.emplace_back("add", min(y, one));
            f.op(isa::Opcode::Total, fields);
            free_operand(f, index, 0, part_index);
            free_row(f, index, 0, part_index);
        });
        f.op(isa::Opcode::Requant, {{"dst", dst},
                                    {"src", sums},
                                    {"n", f.number("channels", part.c1 - part.c0)},
                                    {"param", f.param("param", params_[at(index)])},
                                    {"channel", f.number("channel", part.c0)}});
        f.signal(f.counter("out", results.out), one);
    });
    f.finish();
}

void Generator::digital_flow(int index, int part_index) {
    const QuantNode& n_ = node(index);
    if (adds_up_rows(graph_, n_)) {
        average_flow(index, part_index);
        return;
    }
    const NodeMemory& memory = memory_.nodes[at(index)];
    const Part& part = placement_[at(index)].parts[at(part_index)];
    const Outbox& outbox = memory.outboxes[at(part_index)];
    const OutboxCode& results = outboxes_[at(index)][at(part_index)];
    const Reading reading = reading_of(graph_, n_, 0, part.grid);
    const bool window = n_.kind == NodeKind::MaxPool || n_.kind == NodeKind::AveragePool;
    const auto inputs = static_cast<int>(n_.inputs.size());
    // The second input of a product may be one vector for all positions of an image.
    const bool vector = inputs > 1 && one_for_all(index, 1);
    std::string kind = kind_name(n_.kind);
    for (int input = 0; input < inputs; ++input) {
        kind += memory.staged(input) ? (inputs > 1 ? (input == 0 ? "_stage_a" : "_stage_b") : "_stage") : "";
    }
    kind += vector ? "_vector" : "";
    FlowBuilder f(builder_, kind, fmt::format("{}.{}.{}{}", label(index), kind_name(n_.kind), part.c0, tag(part.grid.y0, part.grid.x0)),
                  op_of(index), part.core, isa::Engine::Alu);
    const Ex one = f.constant(1);
    const Ex slots = f.number("slots", outbox.slots);
    const auto operate = [&](Ex n, Ex oy, Ex ox, Ex w) {
        std::vector<FlowBuilder::Field> fields;
        if (window) {
            fields = operand_window(f, index, part_index, n, oy, ox, w);
        } else {
            const char* const names[] = {inputs > 1 ? "a" : "src", "b"};
            for (int input = 0; input < inputs; ++input) {
                fields.emplace_back(names[input], await_operand(f, index, input, part_index, n, oy, ox, w));
            }
            fields.emplace_back("n", f.number("bytes", part.c1 - part.c0));
        }
        await_sent(f, results, w + 1 - slots);
        fields.emplace_back("dst", f.buffer("dst", results.buffer) + mod(w, slots) * f.number("slot", outbox.pitch));
        if (params_[at(index)] >= 0) {
            fields.emplace_back("param", f.param("param", params_[at(index)]));
        }
        if (n_.kind == NodeKind::Clip) {
            fields.emplace_back("lo", f.number("lo", n_.lo));
            fields.emplace_back("hi", f.number("hi", n_.hi));
        }
        if (n_.kind == NodeKind::PRelu) {
            fields.emplace_back("channel", f.number("channel", part.c0));
        }
        if (n_.kind == NodeKind::AveragePool) {
            const Ex y = reading.y0 > 0 || reading.dy > 1 ? f.number("y0", reading.y0) + oy * f.number("row_step", reading.dy) : oy;
            add_divisor(f, n_, reading, y, reading.x0 > 0 ? f.number("x0", reading.x0) + ox : ox, fields);
        }
        f.op(opcode_of(n_.kind), fields);
        f.signal(f.counter("out", results.out), one);
        for (int input = 0; input < inputs; ++input) {
            if (input == 0 || !vector) {
                free_operand(f, index, input, part_index);
            }
        }
    };
    const Ex oh = f.number("oh", reading.oh);
    const Ex ow = f.number("ow", reading.ow);
    f.loop("n", f.batch(), [&](Ex n) {
        await_turn(f, index, n);
        f.loop("oy", oh, [&](Ex oy) {
            f.loop("ox", ow, [&](Ex ox) { operate(n, oy, ox, (n * oh + oy) * ow + ox); });
            for (int input = 0; input < inputs; ++input) {
                if (input == 0 || !vector) {
                    free_row(f, index, input, part_index);
                }
            }
        });
        if (vector) {
            free_operand(f, index, 1, part_index);
            free_row(f, index, 1, part_index);
        }
    });
    f.finish();
}

void Generator::add_divisor(FlowBuilder& f, const QuantNode& n, const Reading& r, Ex oy, Ex ox, std::vector<FlowBuilder::Field>& fields) {
    const auto taps = [&](const char* name, Ex o, int count, int stride, int dilation, int pad, int size) {
        const Ex all = f.number(std::string(name) + "_taps", count);
        if (n.count_include_pad || (n.pad_top == 0 && n.pad_left == 0 && n.pad_bottom == 0 && n.pad_right == 0)) {
            return all;
        }
        // Taps inside the map: from the first that is not above it to the last that is not below.
        const Ex first = o * f.number(std::string(name) + "_stride", stride) - f.number(std::string(name) + "_pad", pad);
        const Ex rest = f.number(std::string(name) + "_size", size) - first;
        const Ex above = f.constant(0) - first;
        if (dilation == 1) {
            return min(all, rest) - max(above, f.constant(0));
        }
        const Ex step = f.number(std::string(name) + "_step", dilation);
        return min(all, div(rest + (step - 1), step)) - max(div(above + (step - 1), step), f.constant(0));
    };
    fields.emplace_back("rows", taps("row", oy, r.taps_h, n.stride_h, r.dilation_h, n.pad_top, r.h));
    fields.emplace_back("cols", taps("col", ox, r.taps_w, n.stride_w, r.dilation_w, n.pad_left, r.w));
}

}  // namespace cim::compiler
