#include "compiler/memory/layout.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include <fmt/format.h>

#include "compiler/ceil_div.h"
#include "compiler/error.h"
#include "compiler/ir/index.h"
#include "compiler/mapping/alignment.h"
#include "compiler/mapping/load.h"
#include "compiler/memory/chunks.h"
#include "isa/program.h"

namespace cim::compiler {

namespace {

/// What both take.
TileRange around(const TileRange& a, const TileRange& b) {
    return {std::min(a.from, b.from), std::max(a.to, b.to), std::min(a.c0, b.c0), std::max(a.c1, b.c1)};
}

bool is_join(NodeKind kind) {
    return kind == NodeKind::Add || kind == NodeKind::Mul;
}

}  // namespace

Layout::Layout(const QuantGraph& graph, const hw::Machine& machine, const hw::PriceList& prices,
               const std::vector<NodePlacement>& placement, const std::vector<std::vector<Part>>& relays, const LayoutChoices& choices)
    : graph_(graph),
      machine_(machine),
      prices_(prices),
      placement_(placement),
      relays_(relays),
      choices_(choices),
      chunks_(choices.early ? smallest_chunks(graph, machine, prices, placement) : std::vector<int>{}),
      interval_(slowest_reads(placement, prices)),
      in_flight_(in_flight_of(graph, placement)),
      ample_skew_(graph, in_flight_),
      skew_(graph, std::vector<int>(graph.nodes.size(), 0)),
      producers_(producers_of(graph)) {
    for (const NodePlacement& placement : placement_) {
        readers_.push_back(readers_of(placement));
    }
    for (std::size_t n = 0; n < graph.nodes.size(); ++n) {
        by_window_.push_back(comes_by_window(static_cast<int>(n)));
    }
    for (std::size_t n = 0; n < graph.nodes.size(); ++n) {
        // What relays give to others they give to all.
        const int input = input_of(static_cast<int>(n));
        by_window_[n] = by_window_[n] && (relays_[at(input)].empty() || all_by_window(input));
    }
}

NodeLayout Layout::node_layout(int n, NodeLayout before) {
    const std::size_t inputs = node(n).inputs.size();
    layout_ = {};
    layout_.memory.groups = std::move(before.memory.groups);
    layout_.landings.resize(inputs);
    layout_.memory.landings.resize(inputs);
    layout_.memory.stages.resize(inputs);
    if (node(n).kind != NodeKind::Concat) {
        make_groups(n);
        for (std::size_t input = 0; input < inputs; ++input) {
            make_landings(n, static_cast<int>(input));
        }
        make_outboxes(n);
    }
    return std::move(layout_);
}

MemoryPlan Layout::assemble(std::vector<NodeLayout> nodes) {
    MemoryPlan plan;
    plan.serial = choices_.serial;
    for (NodeLayout& node : nodes) {
        for (std::size_t input = 0; input < node.landings.size(); ++input) {
            for (Landing& landing : node.landings[input]) {
                node.memory.landings[input].push_back(static_cast<int>(plan.landings.size()));
                plan.landings.push_back(std::move(landing));
            }
        }
        plan.nodes.push_back(std::move(node.memory));
    }
    for (std::size_t i = 0; i < graph_.inputs.size(); ++i) {
        plan.relays.push_back(relays_of(static_cast<int>(i)));
        plan.input_landings.push_back(make_input_landing(plan, static_cast<int>(i)));
    }
    for (const TensorId id : graph_.outputs) {
        plan.output_landings.push_back(make_row_landing(plan, network_output, id, {isa::chip}));
    }
    return plan;
}

bool Layout::in_l0(int n, int input) const {
    return on_chip(n) || choices_.in_l0.count({n, input}) != 0 || (input == 0 && !choices_.l0_tight && by_window_[at(n)]);
}

bool Layout::on_chip(int n) const {
    return placement_[at(n)].parts[0].core == isa::chip;
}

bool Layout::from_outside(TensorId id) const {
    return std::find(graph_.inputs.begin(), graph_.inputs.end(), id) != graph_.inputs.end();
}

bool Layout::lies_whole(TensorId id) const {
    std::ptrdiff_t readers = 0;
    for (const QuantNode& reader : graph_.nodes) {
        readers += std::count(reader.inputs.begin(), reader.inputs.end(), id);
    }
    return choices_.serial && (!from_outside(id) || readers > 1);
}

std::vector<Layout::Reader> Layout::readers_of(const NodePlacement& placement) {
    std::vector<Reader> readers;
    for (const Tile& tile : placement.tiles) {
        readers.push_back({tile.core, {}, tile.copy, {tile.row, tile.row + tile.rows, tile.c0, tile.c1}});
    }
    std::sort(readers.begin(), readers.end(),
              [](const Reader& a, const Reader& b) { return std::tie(a.copy, a.core) < std::tie(b.copy, b.core); });
    std::size_t count = 0;
    for (const Reader& tile : readers) {
        if (count > 0 && readers[count - 1].copy == tile.copy && readers[count - 1].core == tile.core) {
            readers[count - 1].range = around(readers[count - 1].range, tile.range);
        } else {
            readers[count++] = tile;
        }
    }
    readers.resize(count);
    for (Reader& reader : readers) {
        reader.grid = placement.copies[at(reader.copy)];
    }
    if (readers.empty()) {
        for (const Part& part : placement.parts) {
            readers.push_back({part.core, part.grid, 0, {}});
        }
    }
    return readers;
}

void Layout::add(const Landing& landing) {
    layout_.landings[at(landing.input)].push_back(landing);
}

int Layout::rows_in_flight(TensorId id) const {
    int rows = 0;
    for (const ViewPart& view : view_of(graph_, producers_, id)) {
        const NodeId producer = producers_[at(view.tensor)];
        rows = producer < 0 ? rows : std::max(rows, in_flight_[at(producer)]);
    }
    return rows;
}

int Layout::with_rows_apart(int rows, int apart, int all) {
    return apart == 0 ? rows : std::max(rows, std::min(rows + apart + 1, all));
}

int Layout::ring_rows(int n, int input, const Reading& reading, int c0, int c1) {
    if (lies_whole(node(n).inputs[at(input)])) {
        return reading.padded_rows();
    }
    const bool ample = room(n) == Room::Ample;
    if (is_join(node(n).kind) && !choices_.serial) {
        return ample ? ample_skew_.ring_rows(node(n), input) + 1 : skew_.ring_rows(node(n), input);
    }
    const TensorId id = node(n).inputs[at(input)];
    int rows = reading.kernel_h + (room(n) == Room::Tight ? 0 : reading.stride_h);
    rows += ample ? reading.stride_h + ceil_div(rows_in_flight(id) * reading.stride_h, reading.window_step()) : 0;
    const int apart = choices_.serial ? 0 : (ample ? ample_skew_ : skew_).rows_apart(id, c0, c1);
    return with_rows_apart(rows, apart, reading.padded_rows());
}

void Layout::make_landings(int n, int input) {
    const QuantNode& reader = node(n);
    Landing base;
    base.node = n;
    base.input = input;
    base.reading = landing_reading(graph_, reader, input, whole_grid(graph_, reader)).without_rows_between();
    base.c1 = base.reading.c;
    base.element_bytes = tensor(reader.inputs[at(input)]).element_bytes;
    if (reader.kind == NodeKind::Conv && input == 1) {
        make_sums_landing(base);
        return;
    }
    if (in_l0(n, input)) {
        base.place = isa::chip;
        for (const Reader& each : readers_[at(n)]) {
            base.readers.push_back(each.core);
        }
        base.rows = base.reading.kernel_h + (choices_.l0_tight ? 0 : base.reading.stride_h);
        if (lies_whole(reader.inputs[at(input)])) {
            base.rows = base.reading.padded_rows();
        } else if (is_join(reader.kind) && !choices_.serial) {
            base.rows = skew_.ring_rows(reader, input);
        } else if (!choices_.serial) {
            base.rows = with_rows_apart(base.rows, skew_.rows_apart(reader.inputs[at(input)], 0, base.c1), base.reading.padded_rows());
        }
        add(base);
        make_stages(n, input);
        return;
    }
    if (reader.kind == NodeKind::Conv) {
        std::vector<Reader> readers = readers_[at(n)];
        const auto by_core = [](const Reader& a, const Reader& b) { return std::tie(a.core, a.copy) < std::tie(b.core, b.copy); };
        std::sort(readers.begin(), readers.end(), by_core);
        layout_.landings[at(input)].reserve(readers.size());
        for (auto first = readers.begin(); first != readers.end();) {
            // Copies that have no row of the input in common receive each their own.
            const bool apart = reading_of(graph_, reader, 0, first->grid).apart();
            const auto last =
                apart ? std::next(first) : std::find_if(first, readers.end(), [&](const Reader& each) { return each.core != first->core; });
            make_conv_landing(base, {first, last});
            first = last;
        }
        return;
    }
    for (const Part& part : placement_[at(n)].parts) {
        Landing landing = base;
        landing.place = part.core;
        landing.c0 = part.c0;
        landing.c1 = part.c1;
        landing.reading = landing_reading(graph_, reader, input, part.grid).without_rows_between();
        landing.rows = ring_rows(n, input, landing.reading, landing.c0, landing.c1);
        landing.readers = {part.core};
        add(landing);
    }
}

void Layout::make_conv_landing(const Landing& base, const std::vector<Reader>& copies) {
    const QuantNode& conv = node(base.node);
    const int core = copies[0].core;
    Grid grid = copies[0].grid;
    TileRange range = copies[0].range;
    Landing landing = base;
    landing.place = core;
    int dealt = 0;  // rows of the output, dealt to several copies, that one of them is ahead of another
    for (const Reader& each : copies) {
        landing.readers.push_back(core);
        range = around(range, each.range);
        const int end = std::max(grid.x0 + grid.cols, each.grid.x0 + each.grid.cols);
        grid.x0 = std::min(grid.x0, each.grid.x0);
        grid.cols = end - grid.x0;
        if (each.grid.y0 != grid.y0 || each.grid.dy != grid.dy) {
            // Rows dealt to several copies: from the first to the last that any of them gives, so that each row of the input is read.
            const auto last = [](const Grid& g) { return g.y0 + g.dy * (g.rows - 1); };
            const int bottom = std::max(last(grid), last(each.grid));
            grid.y0 = std::min(grid.y0, each.grid.y0);
            dealt = std::max({dealt, grid.dy, each.grid.dy});
            grid.dy = 1;
            grid.rows = bottom - grid.y0 + 1;
        }
    }
    const int channels = base.reading.c;
    if (!base.reading.whole() || conv.groups > 1 || range.c1 - range.c0 < channels) {
        const bool one_tap = base.reading.taps_h == 1 && base.reading.taps_w == 1;
        landing.reading = reading_of(graph_, conv, 0, grid).without_rows_between();
        landing.c0 = range.c0 + (one_tap && conv.groups == 1 ? range.from : 0);
        landing.c1 = one_tap && conv.groups == 1 ? range.c0 + range.to : range.c1;
        // All copies read at the same time, and the rows of their next windows arrive.
        const int more = room(base.node) == Room::Ample && dealt > 0 ? 2 * (dealt - 1) * landing.reading.stride_h : 0;
        landing.rows = ring_rows(base.node, 0, landing.reading, landing.c0, landing.c1) + more;
        pass_on(landing);
        add(landing);
        return;
    }
    landing.flat = true;
    landing.px0 = range.from / channels;
    landing.px1 = (range.to + channels - 1) / channels;
    if (landing.px1 - landing.px0 == 1) {
        landing.c0 = range.from - landing.px0 * channels;
        landing.c1 = range.to - landing.px0 * channels;
    }
    landing.rows = slots(base.node);
    pass_on(landing);
    add(landing);
}

void Layout::pass_on(Landing& landing) const {
    if (choices_.serial) {
        return;
    }
    const NodePlacement& here = placement_[at(landing.node)];
    landing.from = here.forwarder_of(landing.place);
    landing.chunk = landing.from < 0 || landing.flat ? 1 : forwarded_together(landing.node, landing);
    // Who passes it on reads it as well.
    const auto passed =
        std::count_if(here.forwards.begin(), here.forwards.end(), [&](const Forward& f) { return f.from == landing.place; });
    landing.readers.insert(landing.readers.end(), static_cast<std::size_t>(passed), landing.place);
}

int Layout::forwarded_together(int n, const Landing& landing) const {
    // As few as the sender's move engine has time for in a quarter of the interval.
    const NodePlacement& here = placement_[at(n)];
    const auto receivers =
        std::count_if(here.forwards.begin(), here.forwards.end(), [&](const Forward& f) { return f.from == landing.from; });
    const Reading& r = landing.reading;
    const hw::Ticks send = prices_.send(landing.from, landing.place, landing.pixel_bytes()).sync_ticks();
    const hw::Ticks all = receivers * send * r.used_rows() * r.used_cols();
    return static_cast<int>(std::clamp<hw::Ticks>((4 * all + interval_ - 1) / interval_, 1, std::max(1, r.used_cols())));
}

void Layout::make_sums_landing(const Landing& base) {
    Landing landing = base;
    landing.place = isa::chip;
    for (const Group& group : layout_.memory.groups) {
        if (group.takes_sums) {
            landing.readers.push_back(group.core);
        }
    }
    landing.rows = lies_whole(node(base.node).inputs[1]) ? landing.reading.padded_rows() : (choices_.l0_tight ? 1 : 2);
    add(landing);
}

void Layout::make_stages(int n, int input) {
    const QuantNode& reader = node(n);
    if (on_chip(n)) {
        return;
    }
    const Reading reading = landing_reading(graph_, reader, input, whole_grid(graph_, reader));
    const int taps = reading.taps_h * reading.taps_w;
    std::vector<Stage>& stages = layout_.memory.stages[at(input)];
    const auto stage_on = [&](int core, const Grid& grid, int c0, int c1) {
        Stage stage;
        stage.core = core;
        stage.grid = grid;
        stage.c0 = c0;
        stage.c1 = c1;
        stage.bytes = taps * (c1 - c0);
        stage.slots = slots(n);
        stages.push_back(stage);
    };
    if (reader.kind != NodeKind::Conv) {
        for (const Part& part : placement_[at(n)].parts) {
            // The vector of a product is staged once an image, a row that is added up each for itself.
            const bool own = reading.positions() == 1 || adds_up_rows(graph_, reader);
            stage_on(part.core, own ? Grid{0, 1, reading.oh, 0, 1} : part.grid, part.c0, part.c1);
        }
        return;
    }
    for (const Reader& each : readers_[at(n)]) {
        const TileRange& range = each.range;
        stage_on(each.core, each.grid, range.c0, range.c1);
        stages.back().slots = slots(n, each.copy);
        if (reader.groups == 1) {
            stages.back().from = range.from;
            stages.back().bytes = range.to - range.from;
        }
    }
}

int Layout::make_row_landing(MemoryPlan& plan, int n, TensorId id, std::vector<int> readers) {
    const QuantTensor& whole = tensor(id);
    Landing landing;
    landing.node = n;
    landing.place = isa::chip;
    landing.reading.h = landing.reading.oh = whole.shape.h;
    landing.reading.w = landing.reading.ow = whole.shape.w;
    landing.reading.c = landing.c1 = whole.shape.c;
    landing.element_bytes = whole.element_bytes;
    landing.rows = choices_.l0_tight ? 1 : 2 * std::min(2, whole.shape.h);
    landing.rows = with_rows_apart(landing.rows, choices_.serial ? 0 : skew_.rows_apart(id, 0, whole.shape.c), whole.shape.h);
    landing.readers = std::move(readers);
    plan.landings.push_back(std::move(landing));
    return static_cast<int>(plan.landings.size()) - 1;
}

int Layout::make_input_landing(MemoryPlan& plan, int input) {
    const TensorId id = graph_.inputs[at(input)];
    std::vector<int> readers;
    for (const Outbox& relay : plan.relays[at(input)]) {
        readers.push_back(relay.core);
    }
    if (!readers.empty()) {
        return make_row_landing(plan, network_input, id, readers);
    }
    for (const Landing& landing : plan.landings) {
        if (landing.node >= 0 && landing.place != isa::chip && landing.from < 0 && node(landing.node).inputs[at(landing.input)] == id) {
            readers.push_back(landing.place);
        }
    }
    return readers.empty() ? -1 : make_row_landing(plan, network_input, id, readers);
}

}  // namespace cim::compiler
