#include <algorithm>
#include <cmath>
#include <string>

#include "tests/platform/networks.h"

namespace cim::test {

using namespace cim::compiler;
using isa::Dice;

namespace {

class NetworkMaker {
  public:
    NetworkMaker(std::uint64_t seed, const NetworkOptions& options) : dice_(seed), options_(options) {}

    QuantGraph make() {
        graph_.name = "random";
        Shape3 shape{number(1, options_.most_size), number(1, options_.most_size), number(1, options_.most_channels)};
        graph_.inputs = {tensor(shape)};
        const QuantParams quant = graph_.tensors.back().quant;
        for (int i = 1; i < options_.inputs; ++i) {
            graph_.inputs.push_back(tensor(dice_.once_in(2) ? shape : Shape3{shape.h, shape.w, number(1, options_.most_channels)}));
            if (options_.every_kind && dice_.once_in(2)) {
                graph_.tensors.back().quant = quant;
            }
        }
        const int layers = number(1, options_.layers);
        for (int i = 0; i < layers; ++i) {
            if (options_.branches && !dice_.once_in(3)) {
                last_ = number(0, static_cast<int>(graph_.tensors.size()) - 1);
            }
            layer();
        }
        if (dice_.once_in(2)) {
            fully_connected();
            if (dice_.once_in(3)) {
                unary(NodeKind::Softmax);
            }
        }
        graph_.outputs = outputs();
        for (QuantTensor& t : graph_.tensors) {
            t.onnx_shape = {1, t.shape.c, t.shape.h, t.shape.w};
        }
        return std::move(graph_);
    }

  private:
    int number(int low, int high) { return static_cast<int>(dice_.roll(low, std::max(low, high))); }
    /// The last tensor; with branches all that nobody reads, and perhaps one that is read as well.
    std::vector<TensorId> outputs() {
        if (!options_.branches) {
            return {last_};
        }
        std::vector<bool> read(graph_.tensors.size(), false);
        for (const QuantNode& n : graph_.nodes) {
            for (const TensorId input : n.inputs) {
                read[static_cast<std::size_t>(input)] = true;
            }
        }
        const TensorId also =
            dice_.once_in(2) ? graph_.nodes[static_cast<std::size_t>(number(0, static_cast<int>(graph_.nodes.size()) - 1))].output : -1;
        std::vector<TensorId> ids;
        for (const QuantNode& n : graph_.nodes) {
            if (!read[static_cast<std::size_t>(n.output)] || n.output == also) {
                ids.push_back(n.output);
            }
        }
        return ids;
    }

    const Shape3& shape() const { return graph_.tensors[static_cast<std::size_t>(last_)].shape; }

    TensorId tensor(const Shape3& shape) {
        QuantTensor t;
        t.name = "t" + std::to_string(graph_.tensors.size());
        t.shape = shape;
        t.quant.scale = 0.01F * static_cast<float>(number(1, 30));
        t.quant.zero = dice_.once_in(2) ? 0 : number(0, 255);
        graph_.tensors.push_back(t);
        last_ = static_cast<TensorId>(graph_.tensors.size()) - 1;
        return last_;
    }

    QuantNode node(NodeKind kind, std::vector<TensorId> inputs) {
        QuantNode n;
        n.kind = kind;
        n.name = "n" + std::to_string(graph_.nodes.size());
        n.type = "Random";
        n.inputs = std::move(inputs);
        return n;
    }

    void add(QuantNode n, const Shape3& out) {
        n.output = tensor(out);
        graph_.nodes.push_back(std::move(n));
    }

    void layer() {
        if (options_.every_kind) {
            return any_layer();
        }
        switch (number(0, 7)) {
            case 0: return pool();
            case 1: return unary(NodeKind::Clip);
            case 2: return unary(NodeKind::Lut);
            case 3: return options_.branches ? join_any() : (options_.joins ? join() : conv());
            default: return conv();
        }
    }

    void any_layer() {
        switch (number(0, 15)) {
            case 0: return pool();
            case 1: return average_pool();
            case 2: return unary(NodeKind::Clip);
            case 3: return unary(NodeKind::Lut);
            case 4: return prelu();
            case 5: return unary(NodeKind::Softmax);
            case 6: return concat();
            case 7: return multiply_any();
            case 8: return squeeze();
            case 9: return options_.branches ? join_any() : join();
            case 10: return join();
            default: return conv();
        }
    }

    /// Kernel, stride and pads that leave at least one output position.
    Shape3 window(QuantNode& n, int most_kernel, int channels) {
        const Shape3 in = shape();
        n.kernel_h = number(1, most_kernel);
        n.kernel_w = number(1, most_kernel);
        n.stride_h = number(1, 3);
        n.stride_w = number(1, 3);
        n.dilation_h = dice_.once_in(5) ? 2 : 1;
        n.dilation_w = dice_.once_in(5) ? 2 : 1;
        const int beyond = options_.every_kind && n.kind == NodeKind::Conv && dice_.once_in(8) ? 3 : 0;
        const auto pad = [&](int kernel) { return dice_.once_in(2) ? 0 : number(0, kernel - 1 + beyond); };
        n.pad_top = pad(n.kernel_h);
        n.pad_bottom = pad(n.kernel_h);
        n.pad_left = pad(n.kernel_w);
        n.pad_right = pad(n.kernel_w);
        const auto extent = [](int size, int before, int after, int kernel, int dilation, int stride) {
            const int room = size + before + after - ((kernel - 1) * dilation + 1);
            return room < 0 ? 0 : room / stride + 1;
        };
        Shape3 out{extent(in.h, n.pad_top, n.pad_bottom, n.kernel_h, n.dilation_h, n.stride_h),
                   extent(in.w, n.pad_left, n.pad_right, n.kernel_w, n.dilation_w, n.stride_w), channels};
        if (out.h == 0 || out.w == 0 || (n.kind != NodeKind::Conv && window_outside(n, out))) {
            n.kernel_h = n.kernel_w = n.stride_h = n.stride_w = n.dilation_h = n.dilation_w = 1;
            n.pad_top = n.pad_bottom = n.pad_left = n.pad_right = 0;
            out = {in.h, in.w, channels};
        }
        return out;
    }

    /// Whether some window sees nothing but padding; a pool has no result there.
    bool window_outside(const QuantNode& n, const Shape3& out) const {
        const auto outside = [](int at, int kernel, int dilation, int size) {
            for (int k = 0; k < kernel; ++k) {
                if (at + k * dilation >= 0 && at + k * dilation < size) {
                    return false;
                }
            }
            return true;
        };
        for (int y = 0; y < out.h; ++y) {
            if (outside(y * n.stride_h - n.pad_top, n.kernel_h, n.dilation_h, shape().h)) {
                return true;
            }
        }
        for (int x = 0; x < out.w; ++x) {
            if (outside(x * n.stride_w - n.pad_left, n.kernel_w, n.dilation_w, shape().w)) {
                return true;
            }
        }
        return false;
    }

    void fill_matrix(QuantNode& n, int cols) {
        n.rows = n.kernel_h * n.kernel_w * (shape().c / n.groups);
        n.cols = cols;
        const bool slopes = options_.every_kind && dice_.once_in(3);
        const bool extreme = dice_.once_in(6);
        for (int i = 0; i < n.rows * n.cols; ++i) {
            n.matrix.push_back(static_cast<std::int8_t>(extreme ? (dice_.once_in(2) ? 127 : -127) : number(-127, 127)));
        }
        const double spread = 127.0 * 74.0 * std::sqrt(static_cast<double>(n.rows));
        for (int c = 0; c < cols; ++c) {
            n.bias.push_back(number(-20'000, 20'000));
            n.scale.push_back(static_cast<float>(number(20, 120) / spread));
            n.weight_scale.push_back(1.0F);
        }
        n.lo = number(0, 40);
        n.hi = number(150, 255);
        for (int c = 0; c < cols && slopes; ++c) {
            n.negative_scale.push_back(n.scale[static_cast<std::size_t>(c)] * slope());
        }
    }

    /// A divisor of the channels, often all of them.
    int some_groups() {
        const int channels = shape().c;
        if (!options_.every_kind || dice_.once_in(2)) {
            return 1;
        }
        int groups = dice_.once_in(2) ? channels : number(1, channels);
        while (channels % groups != 0) {
            --groups;
        }
        return groups;
    }

    void conv() {
        QuantNode n = node(NodeKind::Conv, {last_});
        n.groups = some_groups();
        const int cols = n.groups * number(1, std::max(1, options_.most_channels / n.groups));
        const Shape3 out = window(n, 5, cols);
        fill_matrix(n, out.c);
        add(std::move(n), out);
    }

    void fully_connected() {
        QuantNode n = node(NodeKind::Conv, {last_});
        n.kernel_h = shape().h;
        n.kernel_w = shape().w;
        fill_matrix(n, number(1, options_.most_channels));
        const Shape3 out{1, 1, n.cols};
        add(std::move(n), out);
    }

    void pool() {
        QuantNode n = node(NodeKind::MaxPool, {last_});
        const Shape3 out = window(n, 3, shape().c);
        add(std::move(n), out);
    }

    void average_pool() {
        QuantNode n = node(NodeKind::AveragePool, {last_});
        Shape3 out{1, 1, shape().c};
        if (dice_.once_in(3)) {
            n.kernel_h = shape().h;
            n.kernel_w = shape().w;
        } else {
            out = window(n, 4, shape().c);
        }
        n.count_include_pad = dice_.once_in(2);
        n.scale = {0.01F * static_cast<float>(number(30, 150))};
        clamp_some(n);
        add(std::move(n), out);
    }

    /// Like a Relu that was fused, or nothing.
    void clamp_some(QuantNode& n) {
        if (dice_.once_in(2)) {
            n.lo = number(0, 60);
            n.hi = number(100, 255);
        }
    }

    float slope() { return 0.01F * static_cast<float>(number(-50, 100)); }

    void prelu() {
        QuantNode n = node(NodeKind::PRelu, {last_});
        const float scale = 0.01F * static_cast<float>(number(30, 150));
        for (int c = 0; c < shape().c; ++c) {
            n.scale.push_back(scale);
            n.negative_scale.push_back(scale * slope());
        }
        clamp_some(n);
        add(std::move(n), shape());
    }

    /// last_ times `by`, which has its shape or is a vector of its channels.
    void multiply(TensorId by) {
        QuantNode n = node(NodeKind::Mul, {last_, by});
        n.scale = {0.0001F * static_cast<float>(number(10, 200))};
        clamp_some(n);
        add(std::move(n), shape());
    }

    void multiply_any() {
        multiply(any_tensor([&](const Shape3& s) { return s == shape() || s == Shape3{1, 1, shape().c}; }));
    }

    /// Channels times what a small network makes of their averages.
    void squeeze() {
        const TensorId map = last_;
        QuantNode average = node(NodeKind::AveragePool, {map});
        average.kernel_h = shape().h;
        average.kernel_w = shape().w;
        average.scale = {1.0F};
        add(std::move(average), {1, 1, shape().c});
        if (dice_.once_in(2)) {
            QuantNode n = node(NodeKind::Conv, {last_});
            fill_matrix(n, shape().c);
            add(std::move(n), shape());
        }
        const TensorId vector = last_;
        last_ = map;
        multiply(vector);
    }

    /// Any tensor whose shape will do, or the last.
    template <typename Fits>
    TensorId any_tensor(Fits fits) {
        std::vector<TensorId> found;
        for (TensorId id = 0; id < static_cast<TensorId>(graph_.tensors.size()); ++id) {
            if (fits(graph_.tensors[static_cast<std::size_t>(id)].shape)) {
                found.push_back(id);
            }
        }
        return found.empty() ? last_ : found[static_cast<std::size_t>(number(0, static_cast<int>(found.size()) - 1))];
    }

    /// Up to four maps of a size, brought to one scale.
    void concat() {
        const Shape3 size = shape();
        const QuantParams quant = graph_.tensors[static_cast<std::size_t>(last_)].quant;
        QuantNode n = node(NodeKind::Concat, {last_});
        int channels = size.c;
        for (int more = number(1, 3); more > 0; --more) {
            TensorId id = any_tensor([&](const Shape3& s) { return s.h == size.h && s.w == size.w; });
            const QuantTensor& found = graph_.tensors[static_cast<std::size_t>(id)];
            if (channels + found.shape.c > 2 * options_.most_channels) {
                break;
            }
            if (found.quant.scale != quant.scale || found.quant.zero != quant.zero) {
                last_ = id;
                unary(NodeKind::Lut);
                graph_.tensors.back().quant = quant;
                id = last_;
            }
            n.inputs.push_back(id);
            channels += graph_.tensors[static_cast<std::size_t>(id)].shape.c;
        }
        n.name = "n" + std::to_string(graph_.nodes.size());
        add(std::move(n), {size.h, size.w, channels});
        graph_.tensors.back().quant = quant;
    }

    void unary(NodeKind kind) {
        QuantNode n = node(kind, {last_});
        n.lo = number(0, 60);
        n.hi = number(60, 255);
        for (std::uint8_t& entry : n.table) {
            entry = static_cast<std::uint8_t>(number(0, 255));
        }
        const QuantParams quant = graph_.tensors[static_cast<std::size_t>(last_)].quant;
        add(std::move(n), shape());
        if (options_.every_kind && kind == NodeKind::Clip) {
            graph_.tensors.back().quant = quant;
        }
    }

    /// A convolution that keeps the shape, added to its own input.
    void join() {
        const TensorId skip = last_;
        const Shape3 out = shape();
        QuantNode n = node(NodeKind::Conv, {skip});
        n.kernel_h = n.kernel_w = 3;
        n.pad_top = n.pad_bottom = n.pad_left = n.pad_right = 1;
        fill_matrix(n, out.c);
        add(std::move(n), out);
        QuantNode sum = node(NodeKind::Add, {last_, skip});
        if (options_.every_kind) {
            clamp_some(sum);
        }
        if (dice_.once_in(2)) {
            std::swap(sum.inputs[0], sum.inputs[1]);
        }
        add(std::move(sum), out);
    }

    /// The last tensor and any other of its shape, or itself.
    void join_any() {
        std::vector<TensorId> same;
        for (TensorId id = 0; id < static_cast<TensorId>(graph_.tensors.size()); ++id) {
            const Shape3& other = graph_.tensors[static_cast<std::size_t>(id)].shape;
            if (other.h == shape().h && other.w == shape().w && other.c == shape().c) {
                same.push_back(id);
            }
        }
        const Shape3 out = shape();
        add(node(NodeKind::Add, {last_, same[static_cast<std::size_t>(number(0, static_cast<int>(same.size()) - 1))]}), out);
    }

    Dice dice_;
    NetworkOptions options_;
    QuantGraph graph_;
    TensorId last_ = -1;
};

}  // namespace

QuantGraph random_network(std::uint64_t seed, const NetworkOptions& options) {
    return NetworkMaker(seed, options).make();
}

}  // namespace cim::test
