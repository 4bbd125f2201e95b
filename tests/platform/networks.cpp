#include "tests/platform/networks.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "compiler/codegen/generate.h"
#include "compiler/reference/integer_executor.h"

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
        for (int i = 1; i < options_.inputs; ++i) {
            graph_.inputs.push_back(tensor(dice_.once_in(2) ? shape : Shape3{shape.h, shape.w, number(1, options_.most_channels)}));
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
        switch (number(0, 7)) {
            case 0: return pool();
            case 1: return unary(NodeKind::Clip);
            case 2: return unary(NodeKind::Lut);
            case 3: return options_.branches ? join_any() : (options_.joins ? join() : conv());
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
        const auto pad = [&](int kernel) { return dice_.once_in(2) ? 0 : number(0, kernel - 1); };
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
        if (out.h == 0 || out.w == 0) {
            n.kernel_h = n.kernel_w = n.stride_h = n.stride_w = n.dilation_h = n.dilation_w = 1;
            n.pad_top = n.pad_bottom = n.pad_left = n.pad_right = 0;
            out = {in.h, in.w, channels};
        }
        return out;
    }

    void fill_matrix(QuantNode& n, int cols) {
        n.rows = n.kernel_h * n.kernel_w * shape().c;
        n.cols = cols;
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
    }

    void conv() {
        QuantNode n = node(NodeKind::Conv, {last_});
        const Shape3 out = window(n, 5, number(1, options_.most_channels));
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

    void unary(NodeKind kind) {
        QuantNode n = node(kind, {last_});
        n.lo = number(0, 60);
        n.hi = number(60, 255);
        for (std::uint8_t& entry : n.table) {
            entry = static_cast<std::uint8_t>(number(0, 255));
        }
        add(std::move(n), shape());
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

std::vector<std::uint8_t> random_images(const QuantGraph& graph, std::int64_t batch, std::uint64_t seed) {
    Dice dice(seed);
    std::vector<std::uint8_t> bytes(
        static_cast<std::size_t>(batch * graph.tensors[static_cast<std::size_t>(graph.inputs[0])].shape.count()));
    for (std::uint8_t& byte : bytes) {
        byte = static_cast<std::uint8_t>(dice.roll(0, 255));
    }
    return bytes;
}

std::vector<std::vector<std::uint8_t>> random_image_sets(const QuantGraph& graph, std::int64_t batch, std::uint64_t seed) {
    Dice dice(seed);
    std::vector<std::vector<std::uint8_t>> sets;
    for (const TensorId id : graph.inputs) {
        sets.emplace_back(static_cast<std::size_t>(batch * graph.tensors[static_cast<std::size_t>(id)].shape.count()));
        for (std::uint8_t& byte : sets.back()) {
            byte = static_cast<std::uint8_t>(dice.roll(0, 255));
        }
    }
    return sets;
}

isa::Program compile_network(const QuantGraph& graph, const hw::Machine& machine) {
    return generate(graph, schedule(graph, machine), machine);
}

std::vector<std::vector<std::uint8_t>> reference_outputs(const QuantGraph& graph, const hw::Machine& machine,
                                                         const std::vector<std::uint8_t>& images) {
    IntegerExecutor executor(graph, adc_emulation(machine));
    const auto size = static_cast<std::ptrdiff_t>(graph.tensors[static_cast<std::size_t>(graph.inputs[0])].shape.count());
    std::vector<std::vector<std::uint8_t>> outputs(graph.outputs.size());
    for (auto image = images.begin(); image != images.end(); image += size) {
        const std::vector<std::vector<std::uint8_t>> one = executor.run({{image, image + size}});
        for (std::size_t i = 0; i < one.size(); ++i) {
            outputs[i].insert(outputs[i].end(), one[i].begin(), one[i].end());
        }
    }
    return outputs;
}

std::vector<std::vector<std::uint8_t>> reference_outputs(const QuantGraph& graph, const hw::Machine& machine,
                                                         const std::vector<std::vector<std::uint8_t>>& images, std::int64_t batch) {
    IntegerExecutor executor(graph, adc_emulation(machine));
    std::vector<std::vector<std::uint8_t>> outputs(graph.outputs.size());
    for (std::int64_t image = 0; image < batch; ++image) {
        std::vector<std::vector<std::uint8_t>> one;
        for (const std::vector<std::uint8_t>& all : images) {
            const auto size = static_cast<std::ptrdiff_t>(all.size()) / batch;
            one.emplace_back(all.begin() + image * size, all.begin() + (image + 1) * size);
        }
        const std::vector<std::vector<std::uint8_t>> results = executor.run(one);
        for (std::size_t i = 0; i < results.size(); ++i) {
            outputs[i].insert(outputs[i].end(), results[i].begin(), results[i].end());
        }
    }
    return outputs;
}

}  // namespace cim::test
