#pragma once
// How a node walks one of its inputs: output positions in raster order, each reading a window of the padded input.

#include <algorithm>
#include <cstdint>

#include "compiler/ceil_div.h"
#include "compiler/ir/quant_graph.h"

namespace cim::compiler {

/// Output positions that one copy of a node gives: rows y0, y0 + dy, ... (`rows` of them), columns x0 .. x0+cols-1.
struct Grid {
    int y0 = 0, dy = 1, rows = 0;
    int x0 = 0, cols = 0;
    std::int64_t positions() const { return static_cast<std::int64_t>(rows) * cols; }
    /// Which of its rows is the first at or behind row `y` of the output; `rows` if none is.
    int row_at(int y) const { return y <= y0 ? 0 : std::min(ceil_div(y - y0, dy), rows); }
};

/// Geometry of a node reading a feature map. "Used" rows and columns are those that some window touches; padded coordinates count from the
/// first padding row and column.
struct Reading {
    int h = 1, w = 1, c = 1;         ///< input
    int oh = 1, ow = 1;              ///< output positions
    int y0 = 0, x0 = 0;              ///< first of them in the whole output
    int dy = 1;                      ///< rows of the whole output from one to the next
    int kernel_h = 1, kernel_w = 1;  ///< extent of a window, dilation included
    int taps_w = 1;                  ///< taps a window row
    int taps_h = 1;
    int stride_h = 1, stride_w = 1;
    int dilation_h = 1, dilation_w = 1;
    int pad_top = 0, pad_left = 0;
    int skip_top = 0, skip_left = 0;  ///< rows and columns of the input before the first window
    int between = 0;                  ///< rows of the input from the last of a window to the first of the next that are left out
    int top = 0;                      ///< if some are: the row where the first window begins, negative in the padding

    int padded_rows() const { return (oh - 1) * stride_h + kernel_h; }
    int padded_cols() const { return (ow - 1) * stride_w + kernel_w; }
    /// Whether some window reaches into the map.
    bool reaches() const { return padded_rows() > pad_top && padded_cols() > pad_left && h > skip_top && w > skip_left; }
    int used_rows() const {
        if (!reaches()) {
            return 0;
        }
        return between > 0 ? rows_before(h) - rows_before(0) : std::min(h - skip_top, padded_rows() - pad_top);
    }
    int used_cols() const { return reaches() ? std::min(w - skip_left, padded_cols() - pad_left) : 0; }
    int bottom_rows() const { return padded_rows() - pad_top - used_rows(); }
    int right_cols() const { return padded_cols() - pad_left - used_cols(); }
    bool padded() const { return pad_top > 0 || pad_left > 0 || bottom_rows() > 0 || right_cols() > 0; }
    /// One window that is the whole input: the input can lie as a plain vector.
    bool whole() const { return oh == 1 && ow == 1 && !padded() && used_rows() == h && used_cols() == w && taps_h == h && taps_w == w; }
    std::int64_t positions() const { return static_cast<std::int64_t>(oh) * ow; }
    /// Whether rows are dealt so far apart that there are some of the input between the windows.
    bool apart() const { return dy > 1 && (between > 0 || stride_h > kernel_h); }
    /// The same where rows that lie between windows are left out: each window has its own rows.
    Reading without_rows_between() const;
    /// Rows of the (padded) input from the first of a window to the first of the next, whether or not they are left out.
    int window_step() const { return stride_h + between; }

  private:
    /// If some are left out: how many of the others lie before row y.
    int rows_before(int y) const {
        const int rows = std::max(0, y - top);
        return std::min(padded_rows(), rows / window_step() * kernel_h + std::min(rows % window_step(), kernel_h));
    }
};

/// All positions of a node's output.
Grid whole_grid(const QuantGraph& graph, const QuantNode& node);

/// How `node` reads its input `input` for all positions, or those of a grid.
Reading reading_of(const QuantGraph& graph, const QuantNode& node, int input = 0);
Reading reading_of(const QuantGraph& graph, const QuantNode& node, int input, const Grid& grid);

/// Whether a node averages a whole map. Its rows are added up as they come: the map is nowhere as a whole.
bool adds_up_rows(const QuantGraph& graph, const QuantNode& node);
inline constexpr int bytes_of_sum = 4;  ///< of a channel, for that

/// How the input `input` of a node passes through the place where it lands: like reading_of(), but row by row where rows are added up.
Reading landing_reading(const QuantGraph& graph, const QuantNode& node, int input, const Grid& grid);

/// Whether every row that lands of a tensor is read, by each of its readers: dilated windows may leave out some that lie in them. A row
/// that is not orders nothing that is written over it: all rows of such a tensor must come from one place, in order.
bool rows_are_all_read(const QuantGraph& graph, TensorId id);

}  // namespace cim::compiler
