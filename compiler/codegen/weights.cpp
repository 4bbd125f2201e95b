#include "compiler/codegen/weights.h"

#include <algorithm>

#include "compiler/ir/index.h"

namespace cim::compiler {

namespace {

/// A row of a tile is a run of a row of the matrix; off the diagonal of groups it is 0.
void fill(isa::Weight& weight, const QuantNode& whole, const Origin& origin, const QuantNode& piece, const Tile& tile) {
    const int group_channels = origin.channels / piece.groups;
    const int group_cols = piece.cols / piece.groups;
    const int channels = tile.c1 - tile.c0;
    weight.values.assign(at(tile.rows) * at(tile.cols), 0);
    for (int r = 0; r < tile.rows; ++r) {
        const int tap = (tile.row + r) / channels;
        const int channel = tile.c0 - origin.channel + (tile.row + r) % channels;
        const int group = channel / group_channels;
        const int first = std::max(tile.col, group * group_cols);
        const int last = std::min(tile.col + tile.cols, (group + 1) * group_cols);
        if (first >= last) {
            continue;
        }
        const std::int64_t row = static_cast<std::int64_t>(tap) * group_channels + channel % group_channels;
        const auto from = whole.matrix.begin() + row * whole.cols + origin.col;
        std::copy(from + first, from + last, weight.values.begin() + static_cast<std::int64_t>(r) * tile.cols + first - tile.col);
    }
}

}  // namespace

void fill_weights(isa::Program& program, const QuantGraph& network, const Schedule& schedule) {
    auto weight = program.weights.begin();
    for (const Segment& segment : schedule.segments) {
        for (std::size_t i = 0; i < segment.placement.size(); ++i) {
            for (const Tile& tile : segment.placement[i].tiles) {
                if (tile.copy == 0) {
                    const Origin& origin = segment.origins[i];
                    fill(*weight++, network.nodes[at(origin.node)], origin, segment.graph.nodes[i], tile);
                }
            }
        }
    }
}

}  // namespace cim::compiler
