#include <cmath>

#include "compiler/zoo/families.h"
#include "compiler/zoo/network_builder.h"

namespace cim::compiler {
namespace {

/// Inverted residual blocks, after Table 2 of the paper.
struct Bottlenecks {
    int expansion;
    std::int64_t channels;
    int blocks;
    int stride;  ///< of the first block
};
constexpr Bottlenecks bottlenecks[] = {{1, 16, 1, 1}, {6, 24, 2, 2},  {6, 32, 3, 2}, {6, 64, 4, 2},
                                       {6, 96, 3, 1}, {6, 160, 3, 2}, {6, 320, 1, 1}};

/// 1x1 to more channels, 3x3 on each channel, 1x1 to few; a skip around them where the shapes agree.
ValueId inverted_residual(NetworkBuilder& net, const std::string& block, ValueId in, const Bottlenecks& stage, int stride) {
    const std::int64_t wide = net.channels(in) * stage.expansion;
    const bool skip = stride == 1 && net.channels(in) == stage.channels;
    ValueId x = in;
    if (stage.expansion != 1) {
        x = net.relu6(block + ".expand.relu6", net.conv(block + ".expand", x, {wide, 1, 1, 1, before_relu}));
    }
    x = net.relu6(block + ".depthwise.relu6", net.conv(block + ".depthwise", x, {wide, 3, stride, wide, before_relu}));
    // All blocks of a stage that have a skip together add as much variance as the stage begins with.
    const double deviation = skip ? 1 / std::sqrt(static_cast<double>(stage.blocks)) : 1;
    x = net.conv(block + ".project", x, {stage.channels, 1, 1, 1, {0, deviation}});
    return skip ? net.add(block + ".add", in, x) : x;
}

}  // namespace

Blueprint mobilenetv2(const Dims& image, std::int64_t classes) {
    NetworkBuilder net("mobilenetv2", image, NetworkBuilder::Bias::BatchNorm);
    ValueId x = net.relu6("stem.relu6", net.conv("stem", net.image(), {32, 3, 2, 1, before_relu}));
    int number = 1;
    for (const Bottlenecks& stage : bottlenecks) {
        for (int b = 0; b < stage.blocks; ++b, ++number) {
            x = inverted_residual(net, "block" + std::to_string(number), x, stage, b == 0 ? stage.stride : 1);
        }
    }
    x = net.relu6("head.relu6", net.conv("head", x, {1280, 1, 1, 1, {2, 2}}));  // the average over the map leaves little of it
    x = net.flatten("flatten", net.global_average_pool("avgpool", x));
    return std::move(net).finish(net.dense("fc", x, classes));
}

}  // namespace cim::compiler
