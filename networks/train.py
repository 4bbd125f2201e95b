#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Trains the example networks on Fashion-MNIST and exports them to ONNX.

  networks/train.py                      train both, write lenet.onnx and resnet8.onnx
  networks/train.py --network resnet8    train one
  networks/train.py --evaluate           measure the .onnx files as they are

The networks take `image`, 1 x 1 x 28 x 28 float32 in 0..1, and give `scores`,
1 x 10 float32. The last epoch's weights are exported: the test set chooses
nothing, it is only measured at the end.
"""

import argparse
import io
import sys
import time
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import numpy_helper
from torch import nn
from torch.nn import functional as F

import idx

BATCH_SIZE = 128
OPSET = 13


# --- The networks ------------------------------------------------------------


class LeNet(nn.Module):
    """Two 5x5 convolutions and two dense layers, after LeNet-5 but with ReLU,
    max pooling and wider layers."""

    peak_learning_rate = 2e-3

    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 16, 5, padding=2)
        self.relu1 = nn.ReLU()
        self.pool1 = nn.MaxPool2d(2)
        self.conv2 = nn.Conv2d(16, 32, 5)
        self.relu2 = nn.ReLU()
        self.pool2 = nn.MaxPool2d(2)
        self.flatten = nn.Flatten()
        self.fc1 = nn.Linear(32 * 5 * 5, 256)
        self.relu3 = nn.ReLU()
        self.fc2 = nn.Linear(256, 10)
        self.softmax = nn.Softmax(dim=1)

    def forward(self, x):
        x = self.pool1(self.relu1(self.conv1(x)))
        x = self.pool2(self.relu2(self.conv2(x)))
        x = self.relu3(self.fc1(self.flatten(x)))
        logits = self.fc2(x)
        # The loss wants logits; the exported network gives probabilities.
        return logits if self.training else self.softmax(logits)


class ResidualBlock(nn.Module):
    """Two 3x3 convolutions beside a shortcut. A block of stride 2 projects its
    shortcut with a 1x1 convolution, as MLPerf Tiny's ResNet-8 does."""

    def __init__(self, channels_in, channels_out, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(channels_in, channels_out, 3, stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(channels_out)
        self.relu1 = nn.ReLU()
        self.conv2 = nn.Conv2d(channels_out, channels_out, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(channels_out)
        self.project = nn.Conv2d(channels_in, channels_out, 1, stride) if stride != 1 else None
        self.relu2 = nn.ReLU()

    def forward(self, x):
        y = self.relu1(self.bn1(self.conv1(x)))
        y = self.bn2(self.conv2(y))
        shortcut = x if self.project is None else self.project(x)
        return self.relu2(y + shortcut)


class ResNet8(nn.Module):
    """MLPerf Tiny's image classification network for a 1 x 28 x 28 image. It
    gives logits. The exporter folds every BatchNorm into its convolution."""

    peak_learning_rate = 1e-2

    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 16, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(16)
        self.relu1 = nn.ReLU()
        self.block1 = ResidualBlock(16, 16, stride=1)
        self.block2 = ResidualBlock(16, 32, stride=2)
        self.block3 = ResidualBlock(32, 64, stride=2)
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.flatten = nn.Flatten()
        self.fc = nn.Linear(64, 10)

    def forward(self, x):
        x = self.relu1(self.bn1(self.conv1(x)))
        x = self.block3(self.block2(self.block1(x)))
        return self.fc(self.flatten(self.pool(x)))


NETWORKS = {"lenet": LeNet, "resnet8": ResNet8}


# --- Training ----------------------------------------------------------------


def train(name, images, labels, epochs, seed):
    """Returns the network `name` trained with Adam and a one-cycle learning rate."""
    torch.manual_seed(seed)
    network = NETWORKS[name]().to(memory_format=torch.channels_last)
    steps = (len(images) + BATCH_SIZE - 1) // BATCH_SIZE
    optimiser = torch.optim.AdamW(network.parameters(), weight_decay=1e-2)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, network.peak_learning_rate, epochs=epochs, steps_per_epoch=steps
    )
    network.train()
    for epoch in range(1, epochs + 1):
        start, total_loss, correct = time.monotonic(), 0.0, 0
        for batch in torch.randperm(len(images)).split(BATCH_SIZE):
            logits = network(images[batch])
            loss = F.cross_entropy(logits, labels[batch])
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
            total_loss += loss.item() * len(batch)
            correct += (logits.argmax(1) == labels[batch]).sum().item()
        print(
            f"{name} epoch {epoch}/{epochs}: loss {total_loss / len(images):.4f}, "
            f"training top-1 {100 * correct / len(images):.2f} %, "
            f"{time.monotonic() - start:.0f} s",
            flush=True,
        )
    return network.to(memory_format=torch.contiguous_format).eval()


# --- ONNX --------------------------------------------------------------------


def export(network, name):
    """Returns `network` as an ONNX model of batch 1 with readable names."""
    buffer = io.BytesIO()
    torch.onnx.export(
        network,
        torch.zeros(1, 1, 28, 28),
        buffer,
        opset_version=OPSET,
        do_constant_folding=True,
        training=torch.onnx.TrainingMode.EVAL,
        input_names=["image"],
        output_names=["scores"],
    )
    model = onnx.load_from_string(buffer.getvalue())
    tidy(model, name)
    onnx.checker.check_model(model, full_check=True)
    return model


def tidy(model, name):
    """Names nodes and tensors after the network's modules, and drops the doc
    strings, which may hold the paths of the machine that exported the model."""
    model.doc_string = ""
    model.graph.doc_string = ""
    model.graph.name = name
    renamed = {}
    for node in model.graph.node:
        node.doc_string = ""
        node.name = node.name.strip("/").replace("/", ".")  # "block1.conv1.Conv"
        if node.op_type in ("Conv", "Gemm"):
            module = node.name.rpartition(".")[0]
            renamed[node.input[1]] = module + ".weight"
            renamed[node.input[2]] = module + ".bias"
        if node.output[0] != "scores":
            renamed[node.output[0]] = node.name
    for node in model.graph.node:
        node.input[:] = [renamed.get(value, value) for value in node.input]
        node.output[:] = [renamed.get(value, value) for value in node.output]
    for tensor in model.graph.initializer:
        tensor.name = renamed[tensor.name]
    del model.graph.value_info[:]  # the shapes follow from the input's


def run_onnx(model, images):
    """Runs `model` on a batch of images, whatever the batch it declares.

    This reads the exported file rather than the network that was trained, so
    that what is measured is what the compiler is given.
    """
    values = {
        tensor.name: torch.from_numpy(numpy_helper.to_array(tensor).copy())
        for tensor in model.graph.initializer
    }
    values[model.graph.input[0].name] = images
    for node in model.graph.node:
        attr = {a.name: onnx.helper.get_attribute_value(a) for a in node.attribute}
        x, *rest = (values[value] for value in node.input)
        pads = attr.get("pads", [0, 0, 0, 0])
        if pads[:2] != pads[2:]:
            raise NotImplementedError(f"{node.name}: pads that differ between the sides")
        if node.op_type == "Conv":
            y = F.conv2d(x, *rest, attr["strides"], pads[:2], attr["dilations"], attr["group"])
        elif node.op_type == "Relu":
            y = F.relu(x)
        elif node.op_type == "MaxPool":
            y = F.max_pool2d(x, attr["kernel_shape"], attr["strides"], pads[:2])
        elif node.op_type == "GlobalAveragePool":
            y = x.mean((2, 3), keepdim=True)
        elif node.op_type == "Add":
            y = x + rest[0]
        elif node.op_type == "Flatten" and attr["axis"] == 1:
            y = x.flatten(1)
        elif node.op_type == "Gemm" and attr["transB"] == 1:
            y = attr["alpha"] * (x @ rest[0].T) + attr["beta"] * rest[1]
        elif node.op_type == "Softmax":
            y = F.softmax(x, attr["axis"])
        else:
            raise NotImplementedError(f"{node.name}: operator {node.op_type}")
        values[node.output[0]] = y
    return values[model.graph.output[0].name]


def count_parameters(model):
    return sum(int(np.prod(tensor.dims)) for tensor in model.graph.initializer)


def count_macs(model):
    """Multiply-accumulates of the convolutions and dense layers, for one image."""
    graph = onnx.shape_inference.infer_shapes(model).graph
    shapes = {
        value.name: [d.dim_value for d in value.type.tensor_type.shape.dim]
        for value in (*graph.value_info, *graph.output)
    }
    weights = {tensor.name: tensor.dims for tensor in graph.initializer}
    # Every output element takes one product for each weight of its channel.
    return sum(
        int(np.prod(shapes[node.output[0]]) * np.prod(weights[node.input[1]][1:]))
        for node in graph.node
        if node.op_type in ("Conv", "Gemm")
    )


def evaluate(path, images, labels):
    """Prints the model's row of the table in README.md."""
    model = onnx.load(path)
    with torch.no_grad():
        scores = torch.cat([run_onnx(model, batch) for batch in images.split(500)])
    correct = scores.argmax(1) == labels
    print(
        f"{path.name}: {count_parameters(model):,} parameters, {count_macs(model):,} MACs, "
        f"top-1 {100 * correct.double().mean():.2f} % of {len(labels):,} test images, "
        f"{correct[:64].sum()} of the first 64"
    )


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--network", choices=[*NETWORKS, "all"], default="all")
    parser.add_argument("--epochs", type=int, default=10, help="(default: %(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="(default: %(default)s)")
    parser.add_argument("--threads", type=int, default=2,
                        help="part of what makes a run repeatable (default: %(default)s)")
    parser.add_argument("--data", type=Path, default=idx.DEFAULT_DATA_DIR, metavar="DIR",
                        help="folder of the Fashion-MNIST .gz files (default: %(default)s)")
    parser.add_argument("--output-dir", type=Path, default=Path(__file__).resolve().parent,
                        metavar="DIR", help="folder of the .onnx files (default: the script's)")
    parser.add_argument("--evaluate", action="store_true",
                        help="do not train: measure the .onnx files in the output folder")
    args = parser.parse_args()

    torch.set_num_threads(args.threads)
    torch.use_deterministic_algorithms(True)
    test_images, test_labels = map(torch.from_numpy, idx.load(args.data, "t10k"))
    if not args.evaluate:
        images, labels = map(torch.from_numpy, idx.load(args.data, "train"))
        args.output_dir.mkdir(parents=True, exist_ok=True)

    for name in NETWORKS if args.network == "all" else [args.network]:
        path = args.output_dir / f"{name}.onnx"
        if not args.evaluate:
            network = train(name, images, labels, args.epochs, args.seed)
            model = export(network, name)
            with torch.no_grad():
                sample = test_images[:64]
                error = (network(sample) - run_onnx(model, sample)).abs().max().item()
            if error > 1e-4:
                sys.exit(f"{name}: the exported model is off by {error:g}")
            onnx.save(model, path)
        evaluate(path, test_images, test_labels)


if __name__ == "__main__":
    main()
