#!/usr/bin/env python3
"""A random network in which every operator occurs that the compiler knows, and inputs for it.

    make_network.py SEED DIR     DIR/random_SEED.onnx, DIR/random_SEED_images.npy (8 inputs), DIR/random_SEED_calibration.npy (16)

Weights are scaled so that values keep their size from layer to layer.
"""
import os
import sys

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper


class Network:
    def __init__(self, seed):
        self.random = np.random.RandomState(seed)
        self.nodes, self.constants = [], []

    def constant(self, values):
        name = f"c{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.asarray(values), name))
        return name

    def floats(self, *shape, scale=1.0):
        return self.constant((self.random.standard_normal(shape) * scale).astype(np.float32))

    def add(self, kind, inputs, **attributes):
        name = f"t{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, inputs, [name], **attributes))
        return name

    def conv(self, x, channels, out, kernel=(3, 3), group=1, **attributes):
        taps = channels // group * kernel[0] * kernel[1]
        weight = self.floats(out, channels // group, *kernel, scale=(2.0 / taps) ** 0.5)
        return self.add("Conv", [x, weight, self.floats(out, scale=0.1)], group=group, **attributes)

    def activation(self, x, channels):
        kind = self.random.choice(["Relu", "PRelu", "LeakyRelu", "Clip", "none"])
        if kind == "PRelu":
            return self.add("PRelu", [x, self.constant(self.random.uniform(-0.2, 0.6, (channels, 1, 1)).astype(np.float32))])
        if kind == "LeakyRelu":
            return self.add("LeakyRelu", [x], alpha=float(self.random.uniform(0.05, 0.4)))
        if kind == "Clip":
            return self.add("Clip", [x, self.constant(np.float32(-0.5)), self.constant(np.float32(2.0))])
        return x if kind == "none" else self.add(kind, [x])

    def function(self, x):
        kind = self.random.choice(["Sigmoid", "Tanh", "HardSigmoid", "HardSwish", "Elu", "Softplus", "Selu", "Softsign", "swish"])
        return self.add("Mul", [x, self.add("Sigmoid", [x])]) if kind == "swish" else self.add(kind, [x])

    def norm(self, x, channels):
        positive = [self.constant(self.random.uniform(0.5, 1.5, channels).astype(np.float32)) for _ in range(2)]
        return self.add("BatchNormalization",
                        [x, positive[0], self.floats(channels, scale=0.1), self.floats(channels, scale=0.1), positive[1]])


def build(seed):
    n = Network(seed)
    size, channels = int(n.random.randint(11, 18)), 4 * int(n.random.randint(2, 5))
    x = n.conv("x", 3, channels, pads=[1, 1, 1, 1])
    x = n.activation(n.norm(x, channels), channels)

    # A residual block: pointwise, depthwise, pointwise, with a batch norm that nothing can take behind the sum.
    y = n.activation(n.conv(x, channels, 2 * channels, (1, 1)), 2 * channels)
    y = n.activation(n.conv(y, 2 * channels, 2 * channels, group=2 * channels, pads=[1, 1, 1, 1]), 2 * channels)
    y = n.conv(y, 2 * channels, channels, (1, 1))
    x = n.activation(n.norm(n.add("Add", [x, y]), channels), channels)

    # Branches that meet in a Concat, one of them also read elsewhere.
    a = n.activation(n.conv(x, channels, channels, group=2, auto_pad="SAME_UPPER"), channels)
    b = n.conv(x, channels, channels, (3, 2), pads=[2, 0, 2, 1], dilations=[2, 1])
    c = n.add("MaxPool", [x], kernel_shape=[3, 3], pads=[1, 1, 1, 1])
    d = n.add("AveragePool", [x], kernel_shape=[3, 3], pads=[1, 1, 1, 1], count_include_pad=int(n.random.randint(2)))
    e = n.add("PRelu", [b, n.constant(np.full((channels, 1, 1), 0.3, np.float32))])
    x = n.add("Concat", [a, b, c, d, e, n.function(b)], axis=1)
    channels *= 6

    # Squeeze and excitation.
    x = n.activation(n.conv(x, channels, 16, (1, 1)), 16)
    s = n.conv(n.add("GlobalAveragePool", [x]), 16, 4, (1, 1))
    s = n.add("Sigmoid", [n.conv(n.add("Relu", [s]), 4, 16, (1, 1))])
    x = n.add("Mul", [s, x])
    x = n.add("Mul", [x, n.function(n.conv(x, 16, 16, (1, 1)))])
    x = n.add("AveragePool", [x], kernel_shape=[3, 3], strides=[2, 2], ceil_mode=1)
    x = n.function(n.conv(x, 16, 8, strides=[2, 1], pads=[1, 0, 1, 1]))

    # From the layout of maps to a vector in the other order.
    x = n.add("Transpose", [x], perm=[0, 2, 3, 1])
    x = n.add("Flatten", [x])
    graph = helper.make_graph(n.nodes, "shape", [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 3, size, size])],
                              [helper.make_tensor_value_info(x, TensorProto.FLOAT, None)], n.constants)
    inferred = onnx.shape_inference.infer_shapes(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 14)]))
    inputs = inferred.graph.output[0].type.tensor_type.shape.dim[1].dim_value
    x = n.add("Gemm", [x, n.floats(20, inputs, scale=(2.0 / inputs) ** 0.5), n.floats(20, scale=0.1)], transB=1)
    x = n.add("Relu", [x])
    x = n.add("MatMul", [x, n.floats(20, 10, scale=0.5)])
    n.nodes.append(helper.make_node("Softmax", [x], ["y"], axis=1))
    graph = helper.make_graph(n.nodes, f"random_{seed}", [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 3, size, size])],
                              [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 10]),
                               helper.make_tensor_value_info(s, TensorProto.FLOAT, [1, 16, 1, 1])], n.constants)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 14)], ir_version=7), size


def main():
    seed, folder = int(sys.argv[1]), sys.argv[2]
    model, size = build(seed)
    onnx.checker.check_model(model)
    onnx.save(model, os.path.join(folder, f"random_{seed}.onnx"))
    random = np.random.RandomState(seed + 1000)
    for part, count in (("images", 8), ("calibration", 16)):
        images = random.standard_normal((count, 3, size, size)).astype(np.float32)
        np.save(os.path.join(folder, f"random_{seed}_{part}.npy"), images)


if __name__ == "__main__":
    main()
