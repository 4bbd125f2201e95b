#include "compiler/zoo/families.h"
#include "compiler/zoo/network_builder.h"

namespace cim::compiler {
namespace {

struct ConvStage {
    int convolutions;
    std::int64_t channels;
};

/// 3x3 convolutions in stages, each with a max pool of 2 at its end; dense layers.
Blueprint vgg(const char* name, const Dims& image, const std::vector<ConvStage>& stages, const std::vector<std::int64_t>& dense) {
    NetworkBuilder net(name, image, NetworkBuilder::Bias::Own);
    ValueId x = net.image();
    for (std::size_t s = 0; s < stages.size(); ++s) {
        const std::string stage = std::to_string(s + 1);
        for (int c = 1; c <= stages[s].convolutions; ++c) {
            const std::string place = stage + "_" + std::to_string(c);
            x = net.relu("relu" + place, net.conv("conv" + place, x, {stages[s].channels, 3, 1, 1, before_relu}));
        }
        x = net.max_pool("pool" + stage, x, 2, 2, 0);
    }
    x = net.flatten("flatten", x);
    for (std::size_t d = 0; d < dense.size(); ++d) {
        const std::string place = std::to_string(d + 1);
        const bool last = d + 1 == dense.size();
        x = net.dense("fc" + place, x, dense[d], last ? Target{} : before_relu);
        x = last ? x : net.relu("relu_fc" + place, x);
    }
    return std::move(net).finish(x);
}

}  // namespace

Blueprint vgg7(const Dims& image, std::int64_t classes) {
    return vgg("vgg7", image, {{2, 128}, {2, 256}, {2, 512}}, {1024, classes});
}

Blueprint vgg16(const Dims& image, std::int64_t classes) {
    return vgg("vgg16", image, {{2, 64}, {2, 128}, {3, 256}, {3, 512}, {3, 512}}, {4096, 4096, classes});
}

}  // namespace cim::compiler
