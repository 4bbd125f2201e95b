#include "isa/docs/markdown.h"

#include <iterator>

#include <fmt/format.h>

#include "isa/ops.h"
#include "isa/text/put.h"
#include "isa/verifier/diagnostic.h"

namespace cim::isa {

namespace {

std::string_view group_of(std::string_view op) {
    const std::string_view prefix = op.substr(0, op.find('.'));
    return prefix == "cim" ? "CIM: crossbars" : (prefix == "alu" ? "DCOM: digital compute" : "DMOV: data movement");
}

void print_op(fmt::memory_buffer& out, const OpInfo& op) {
    put(out, "### `{}`\n\n{}.\n\nEngine {}, from computing mode {} on, {}.\n\n", op.text, op.doc, to_string(op.engine), to_string(op.mode),
        op.timing == Timing::Sync ? "synchronous: its flow goes on when it completes"
                                  : "asynchronous: its flow goes on when it is issued, `=> counter[i] += n` tells its completion");
    put(out, "| field | is | default |\n|---|---|---|\n");
    for (const FieldInfo& field : op.fields) {
        put(out, "| `{}` | {} | {} |\n", field.name, to_string(field.kind),
            field.default_value ? std::to_string(*field.default_value) : "required");
    }
    put(out, "\n");
}

}  // namespace

std::string isa_markdown() {
    fmt::memory_buffer out;
    put(out,
        "# Meta-operators\n\n"
        "Generated from `isa/ops.def` and the verifier's table of rules by `cimmlc isa list`; do not edit. How programs run, and their "
        "text, is "
        "in\n"
        "[ADR-0001](adr/0001-execution-model.md).\n\n"
        "*Local* memory is the L1 of the flow's core, or L0 for a flow of the chip. Sums are int32, little endian; activations are "
        "bytes.\n\n"
        "The operand with the fields `src` to `n` of `cim.read_*`, `alu.max`, `alu.average`, `alu.total`, `mov.load` and `mov.copy` is a "
        "window: byte "
        "i,\n"
        "from <= i < from+n, lies at\n\n"
        "    src + ((y + (i div (taps*tap))*dy) mod ring)*pitch + x + ((i div tap) mod taps)*step + i mod tap\n\n"
        "where `tap=0` stands for from+n and `step=0` for tap.\n\n"
        "Transfers with the fields `n` to `src_pitch` move `count` pieces of n bytes: piece k lies at src + k*src_pitch and goes to "
        "dst + k*dst_pitch.\n"
        "More than one piece needs both pitches, n or more. They are one transfer of count*n bytes.\n\n"
        "| operator | engine | mode | timing |\n|---|---|---|---|\n");
    for (const OpInfo& op : op_table()) {
        put(out, "| `{}` | {} | {} | {} |\n", op.text, to_string(op.engine), to_string(op.mode),
            op.timing == Timing::Sync ? "sync" : "async");
    }
    std::string_view group;
    for (const OpInfo& op : op_table()) {
        if (group_of(op.text) != group) {
            group = group_of(op.text);
            put(out, "\n## {}\n\n", group);
        }
        print_op(out, op);
    }
    put(out, "## Rules of the verifier\n\n| rule | what holds |\n|---|---|\n");
    for (const Rule& rule : rules()) {
        put(out, "| `{}` | {} |\n", rule.name, rule.says);
    }
    return fmt::to_string(out);
}

}  // namespace cim::isa
