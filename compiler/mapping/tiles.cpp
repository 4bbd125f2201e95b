#include "compiler/mapping/tiles.h"

#include <algorithm>

namespace cim::compiler {

namespace {

/// Groups that share a tile.
int groups_together(const QuantNode& node, const hw::Machine& machine) {
    const int fit = std::min(machine.crossbar.rows / node.rows, machine.logical_cols(weight_bits) / (node.cols / node.groups));
    return node.groups == 1 ? 1 : std::clamp(fit, 1, node.groups);
}
}  // namespace

int column_unit(const QuantNode& node, const hw::Machine& machine) {
    return node.groups == 1 ? machine.logical_cols(weight_bits) : groups_together(node, machine) * (node.cols / node.groups);
}

std::vector<Tile> cut_into_tiles(const QuantNode& node, const Origin& origin, const hw::Machine& machine, int most_rows) {
    const int height = most_rows > 0 ? most_rows : machine.crossbar.rows;
    const int width = machine.logical_cols(weight_bits);
    const int group_cols = node.cols / node.groups;
    const int group_channels = origin.channels / node.groups;
    const int together = groups_together(node, machine);
    std::vector<Tile> tiles;
    for (int group = 0; group < node.groups; group += together) {
        const int groups = std::min(together, node.groups - group);
        const int rows = node.rows * groups;
        const int end = (group + groups) * group_cols;
        for (int col = group * group_cols; col < end; col += width) {
            for (int row = 0; row < rows; row += height) {
                Tile tile;
                tile.row = origin.row + row;
                tile.rows = std::min(height, rows - row);
                tile.col = col;
                tile.cols = std::min(width, end - col);
                tile.c0 = origin.channel + group * group_channels;
                tile.c1 = tile.c0 + groups * group_channels;
                tiles.push_back(tile);
            }
        }
    }
    return tiles;
}

}  // namespace cim::compiler
