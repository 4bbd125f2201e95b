#pragma once
// Output size of a sliding window.

#include "compiler/ir/graph.h"

namespace cim::compiler {

inline std::int64_t window_output(std::int64_t in, int kernel, int stride, int pad_begin, int pad_end, int dilation) {
    return (in + pad_begin + pad_end - (static_cast<std::int64_t>(kernel - 1) * dilation + 1)) / stride + 1;
}
inline std::int64_t output_h(const Window& w, std::int64_t in) {
    return window_output(in, w.kernel_h, w.stride_h, w.pad_top, w.pad_bottom, w.dilation_h);
}
inline std::int64_t output_w(const Window& w, std::int64_t in) {
    return window_output(in, w.kernel_w, w.stride_w, w.pad_left, w.pad_right, w.dilation_w);
}

}  // namespace cim::compiler
