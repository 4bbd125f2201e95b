#include "compiler/zoo/zoo.h"

#include <algorithm>

#include "compiler/zoo/families.h"

namespace cim::compiler {

const std::vector<ZooNetwork>& zoo() {
    static const std::vector<ZooNetwork> networks{
        {"vgg7", "3x3 convolutions, two dense layers; for CIFAR-10", 32, 8, 10, &vgg7},
        {"vgg16", "3x3 convolutions, three dense layers", 224, 32, 1000, &vgg16},
        {"resnet18", "residual blocks of two 3x3 convolutions", 224, 32, 1000, &resnet18},
        {"resnet34", "residual blocks of two 3x3 convolutions", 224, 32, 1000, &resnet34},
        {"resnet50", "residual bottlenecks", 224, 32, 1000, &resnet50},
        {"resnet101", "residual bottlenecks", 224, 32, 1000, &resnet101},
        {"mobilenetv2", "inverted residuals, depthwise convolutions, Relu6", 224, 32, 1000, &mobilenetv2},
    };
    return networks;
}

const ZooNetwork* find_zoo_network(const std::string& name) {
    const auto found = std::find_if(zoo().begin(), zoo().end(), [&](const ZooNetwork& network) { return name == network.name; });
    return found == zoo().end() ? nullptr : &*found;
}

}  // namespace cim::compiler
