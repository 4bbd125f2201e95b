#pragma once
// The networks of the zoo, a file for each family. `image` is 1x3xHxW.

#include <cstdint>

#include "compiler/zoo/blueprint.h"

namespace cim::compiler {

/// Small VGG for CIFAR-10: 2x128C3-MP2-2x256C3-MP2-2x512C3-MP2-1024FC-10.
Blueprint vgg7(const Dims& image, std::int64_t classes);
/// Simonyan and Zisserman, arXiv 1409.1556, configuration D. Its first dense layer reads the whole map and grows with the image.
Blueprint vgg16(const Dims& image, std::int64_t classes);

/// He et al., arXiv 1512.03385; bottlenecks have their stride in the 3x3 convolution, as in torchvision.
Blueprint resnet18(const Dims& image, std::int64_t classes);
Blueprint resnet34(const Dims& image, std::int64_t classes);
Blueprint resnet50(const Dims& image, std::int64_t classes);
Blueprint resnet101(const Dims& image, std::int64_t classes);

/// Sandler et al., arXiv 1801.04381, width 1.
Blueprint mobilenetv2(const Dims& image, std::int64_t classes);

}  // namespace cim::compiler
