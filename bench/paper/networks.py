"""Layers of the paper's networks, written down from their publications, apart from the compiler's own."""
from dataclasses import dataclass, field


@dataclass
class Layer:
    name: str
    kind: str  # conv (also dense), pool, average, add
    size: tuple  # rows, columns of the output
    channels: int  # of the output
    inputs: list = field(default_factory=list)  # layers; none: the image
    kernel: int = 1
    stride: int = 1
    pad: int = 0
    rows: int = 0  # of the weight matrix

    @property
    def windows(self):
        return self.size[0] * self.size[1]


class Network:
    def __init__(self, name, size):
        self.name = name
        self.layers = []
        self.image = Layer("image", "image", (size, size), 3)

    def _add(self, name, kind, source, channels, kernel, stride, pad, others=()):
        size = tuple((s + 2 * pad - kernel) // stride + 1 for s in source.size)
        inputs = [s for s in (source, *others) if s is not self.image]
        layer = Layer(name, kind, size, channels, inputs, kernel, stride, pad)
        self.layers.append(layer)
        return layer

    def conv(self, name, source, channels, kernel, stride=1):
        layer = self._add(name, "conv", source, channels, kernel, stride, (kernel - 1) // 2)
        layer.rows = kernel * kernel * source.channels
        return layer

    def pool(self, name, source, kernel, stride, pad=0, kind="pool"):
        return self._add(name, kind, source, source.channels, kernel, stride, pad)

    def add(self, name, a, b):
        return self._add(name, "add", a, a.channels, 1, 1, 0, [b])

    def dense(self, name, source, channels):
        layer = self._add(name, "conv", source, channels, source.size[0], 1, 0)
        layer.rows = source.windows * source.channels
        return layer

    @property
    def convs(self):
        return [layer for layer in self.layers if layer.kind == "conv"]


def resnet(name, blocks, bottleneck):
    """He et al., CVPR 2016, table 1; the stride of a bottleneck in its 3x3 convolution, as torchvision has it."""
    net = Network(name, 224)
    x = net.pool("maxpool", net.conv("conv1", net.image, 64, 7, 2), 3, 2, 1)
    for s, count in enumerate(blocks):
        for b in range(count):
            block, width, stride = f"layer{s + 1}.{b}", 64 << s, 2 if b == 0 and s > 0 else 1
            if bottleneck:
                y = net.conv(f"{block}.conv1", x, width, 1)
                y = net.conv(f"{block}.conv2", y, width, 3, stride)
                y = net.conv(f"{block}.conv3", y, 4 * width, 1)
            else:
                y = net.conv(f"{block}.conv2", net.conv(f"{block}.conv1", x, width, 3, stride), width, 3)
            if stride != 1 or x.channels != y.channels:
                x = net.conv(f"{block}.downsample", x, y.channels, 1, stride)
            x = net.add(f"{block}.add", y, x)
    net.dense("fc", net.pool("avgpool", x, x.size[0], 1, kind="average"), 1000)
    return net


def vgg(name, size, stages, dense):
    """VGG16: Simonyan and Zisserman, ICLR 2015, column D. VGG7: the network of CIM-MLC for 32x32 images."""
    net = Network(name, size)
    x = net.image
    for s, (count, channels) in enumerate(stages):
        for c in range(count):
            x = net.conv(f"conv{s + 1}_{c + 1}", x, channels, 3)
        x = net.pool(f"pool{s + 1}", x, 2, 2)
    for d, channels in enumerate(dense):
        x = net.dense(f"fc{d + 1}", x, channels)
    return net


def networks():
    made = [
        vgg("vgg7", 32, [(2, 128), (2, 256), (2, 512)], [1024, 10]),
        vgg("vgg16", 224, [(2, 64), (2, 128), (3, 256), (3, 512), (3, 512)], [4096, 4096, 1000]),
        resnet("resnet18", (2, 2, 2, 2), False),
        resnet("resnet34", (3, 4, 6, 3), False),
        resnet("resnet50", (3, 4, 6, 3), True),
        resnet("resnet101", (3, 4, 23, 3), True),
    ]
    return {net.name: net for net in made}
