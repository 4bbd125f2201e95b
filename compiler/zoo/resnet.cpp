#include <array>
#include <cmath>

#include "compiler/zoo/families.h"
#include "compiler/zoo/network_builder.h"

namespace cim::compiler {
namespace {

using Blocks = std::array<int, 4>;  // of each stage

/// What a residual block has beside its skip. `deviation`: of its result.
struct Branch {
    std::int64_t width;
    int stride;
    double deviation;
};

ValueId basic_branch(NetworkBuilder& net, const std::string& block, ValueId x, const Branch& branch) {
    x = net.relu(block + ".relu1", net.conv(block + ".conv1", x, {branch.width, 3, branch.stride, 1, before_relu}));
    return net.conv(block + ".conv2", x, {branch.width, 3, 1, 1, {0, branch.deviation}});
}

ValueId bottleneck_branch(NetworkBuilder& net, const std::string& block, ValueId x, const Branch& branch) {
    x = net.relu(block + ".relu1", net.conv(block + ".conv1", x, {branch.width, 1, 1, 1, before_relu}));
    x = net.relu(block + ".relu2", net.conv(block + ".conv2", x, {branch.width, 3, branch.stride, 1, before_relu}));
    return net.conv(block + ".conv3", x, {branch.width * 4, 1, 1, 1, {0, branch.deviation}});
}

Blueprint resnet(const char* name, const Dims& image, std::int64_t classes, const Blocks& blocks, bool bottleneck) {
    NetworkBuilder net(name, image, NetworkBuilder::Bias::BatchNorm);
    ValueId x = net.relu("relu1", net.conv("conv1", net.image(), {64, 7, 2, 1, before_relu}));
    x = net.max_pool("maxpool", x, 3, 2, 1);
    for (std::size_t s = 0; s < blocks.size(); ++s) {
        const double begin = s + 1 == blocks.size() ? 2 : 1;  // the average over the last map leaves little of it
        for (int b = 0; b < blocks[s]; ++b) {
            const std::string block = "layer" + std::to_string(s + 1) + "." + std::to_string(b);
            // All branches of a stage together add as much variance as the stage begins with.
            const Branch branch{std::int64_t{64} << s, b == 0 && s > 0 ? 2 : 1, begin / std::sqrt(static_cast<double>(blocks[s]))};
            const ValueId sum = bottleneck ? bottleneck_branch(net, block, x, branch) : basic_branch(net, block, x, branch);
            const bool changes = branch.stride != 1 || net.channels(x) != net.channels(sum);
            const ValueId skip = changes ? net.conv(block + ".downsample", x, {net.channels(sum), 1, branch.stride, 1, {begin, begin}}) : x;
            x = net.relu(block + ".relu", net.add(block + ".add", sum, skip));
        }
    }
    x = net.flatten("flatten", net.global_average_pool("avgpool", x));
    return std::move(net).finish(net.dense("fc", x, classes));
}

}  // namespace

Blueprint resnet18(const Dims& image, std::int64_t classes) {
    return resnet("resnet18", image, classes, {2, 2, 2, 2}, false);
}
Blueprint resnet34(const Dims& image, std::int64_t classes) {
    return resnet("resnet34", image, classes, {3, 4, 6, 3}, false);
}
Blueprint resnet50(const Dims& image, std::int64_t classes) {
    return resnet("resnet50", image, classes, {3, 4, 6, 3}, true);
}
Blueprint resnet101(const Dims& image, std::int64_t classes) {
    return resnet("resnet101", image, classes, {3, 4, 23, 3}, true);
}

}  // namespace cim::compiler
