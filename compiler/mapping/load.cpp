#include "compiler/mapping/load.h"

#include <set>

#include "compiler/ir/index.h"
#include "compiler/mapping/reading.h"

namespace cim::compiler {

namespace {

using hw::AluWork;
using hw::Ticks;

/// Halos and cores that share a reader which works channel by channel: more receivers than there are readers.
constexpr double receivers_a_reader = 1.5;
constexpr double many_cores = 3;

/// Cores that a position of a Conv's input is sent to on average: those of all copies that have it under a window. Many cores of a copy
/// pass it on (compiler/mapping/forwarding.h); where a core is more than a copy, copies that rows are dealt to share it.
double receivers_of(const QuantGraph& graph, const QuantNode& conv, const NodePlacement& here, int per_core) {
    double positions = 0;
    for (const Grid& grid : here.copies) {
        const Reading r = reading_of(graph, conv, 0, grid).without_rows_between();
        positions += static_cast<double>(r.used_rows()) * r.used_cols();
    }
    const Reading whole = reading_of(graph, conv);
    const bool apart = reading_of(graph, conv, 0, here.copies.front()).apart();
    const double cores = static_cast<double>(here.tiles.size()) / (static_cast<double>(here.copies.size()) * per_core);
    double of_a_copy = 1.0;
    if (apart) {
        of_a_copy = std::max(cores, 1.0);  // nobody passes it on, and each copy has its own
    } else if (cores < many_cores) {
        of_a_copy = std::max(cores, 1.0 / here.copies.front().dy);
    }
    return positions / (static_cast<double>(whole.h) * whole.w) * of_a_copy;
}

}  // namespace

Load Load::operator*(double times) const {
    const auto scaled = [&](Ticks ticks) { return static_cast<Ticks>(static_cast<double>(ticks) * times); };
    return {scaled(port), scaled(move), scaled(alu)};
}

std::optional<AluWork> digital_work(NodeKind kind) {
    switch (kind) {
        case NodeKind::Conv: return AluWork::Requant;
        case NodeKind::MaxPool: return AluWork::Max;
        case NodeKind::Clip: return AluWork::Clip;
        case NodeKind::Add: return AluWork::Add;
        case NodeKind::Softmax: return AluWork::Softmax;
        case NodeKind::Lut: return AluWork::Lut;
        case NodeKind::AveragePool: return AluWork::Average;
        case NodeKind::Mul: return AluWork::Mul;
        case NodeKind::PRelu: return AluWork::PRelu;
        case NodeKind::Concat: return std::nullopt;
    }
    return std::nullopt;
}

ColumnLoads::ColumnLoads(const QuantGraph& graph, const std::vector<NodePlacement>& placement, const hw::Machine& machine,
                         const hw::PriceList& prices, bool counted)
    : graph_(graph), cores_(machine.core_count()), prices_(prices), followers_(graph.nodes.size()), receivers_(graph.tensors.size(), 0) {
    const std::vector<NodeId> producers = producers_of(graph);
    std::vector<std::set<NodeId>> sources(graph.nodes.size());
    for (std::size_t n = 0; n < graph.nodes.size(); ++n) {
        const QuantNode& node = graph.nodes[n];
        const auto id = static_cast<NodeId>(n);
        for (std::size_t input = 0; node.kind != NodeKind::Concat && input < node.inputs.size(); ++input) {
            const bool conv = counted && node.kind == NodeKind::Conv && input == 0;
            const double receivers = conv ? receivers_of(graph, node, placement[n], machine.crossbars_per_core()) : receivers_a_reader;
            for (const ViewPart& view : view_of(graph, producers, node.inputs[input])) {
                receivers_[at(view.tensor)] += receivers;
            }
        }
        if (node.kind == NodeKind::Conv) {
            sources[n] = {id};
            continue;
        }
        for (const ViewPart& view : view_of(graph, producers, node.inputs[0])) {
            if (producers[at(view.tensor)] >= 0) {
                sources[n].insert(sources[at(producers[at(view.tensor)])].begin(), sources[at(producers[at(view.tensor)])].end());
            }
        }
        for (const NodeId source : sources[n]) {
            if (digital_work(node.kind)) {
                followers_[at(source)].push_back(id);
            }
        }
    }
}

Load ColumnLoads::sent(TensorId id, int channels) const {
    const hw::OpCost send = prices_.send(0, 0, channels);
    const hw::OpCost far = prices_.send(0, cores_ > 1 ? 1 : 0, channels);
    const Load once{send.ticks_on(hw::Resource::L1Port) + send.ticks_on(hw::Resource::RemoteL1Port), far.sync_ticks(), 0};
    return once * receivers_[at(id)];
}

Load ColumnLoads::element(NodeId id, int channels) const {
    const QuantNode& node = graph_.nodes[at(id)];
    const std::int64_t taps = static_cast<std::int64_t>(node.kernel_h) * node.kernel_w;
    const bool window = node.kind == NodeKind::MaxPool || node.kind == NodeKind::AveragePool;
    const std::int64_t operands = window ? taps : static_cast<std::int64_t>(node.inputs.size());
    const hw::OpCost cost = prices_.alu(0, *digital_work(node.kind), channels, window ? taps : 1, operands * channels, channels);
    Load load{cost.ticks_on(hw::Resource::L1Port), 0, cost.sync_ticks()};
    load += sent(node.output, channels);
    return load;
}

Load ColumnLoads::operator()(NodeId conv, const std::vector<Tile*>& column, const Grid& grid) const {
    const QuantNode& node = graph_.nodes[at(conv)];
    const int channels = column[0]->cols;
    const auto terms = static_cast<std::int64_t>(column.size());
    const hw::OpCost requant = prices_.alu(0, AluWork::Requant, channels, terms, 4LL * channels * terms, channels);
    Load a_position{requant.ticks_on(hw::Resource::L1Port), 0, requant.sync_ticks()};
    for (const Tile* tile : column) {
        a_position.port += prices_.read(0, tile->rows, tile->cols, 8, 8, tile->rows, false).ticks_on(hw::Resource::L1Port);
    }
    a_position += sent(node.output, channels);
    const Shape3& out = graph_.tensors[at(node.output)].shape;
    for (const NodeId follower : followers_[at(conv)]) {
        const Shape3& shape = graph_.tensors[at(graph_.nodes[at(follower)].output)].shape;
        const double each = static_cast<double>(shape.h) * shape.w / (static_cast<double>(out.h) * out.w);
        a_position += element(follower, channels) * each;
    }
    return a_position * static_cast<double>(grid.positions());
}

hw::Ticks slowest_reads(const std::vector<NodePlacement>& placement, const hw::PriceList& prices) {
    Ticks slowest = 1;
    for (const NodePlacement& here : placement) {
        for (const Tile& tile : here.tiles) {
            const Ticks read = prices.read(0, tile.rows, tile.cols, 8, 8, tile.rows, false).sync_ticks();
            slowest = std::max(slowest, read * here.copies[at(tile.copy)].positions());
        }
    }
    return slowest;
}

}  // namespace cim::compiler
