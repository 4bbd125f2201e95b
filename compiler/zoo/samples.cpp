#include "compiler/zoo/samples.h"

#include <algorithm>
#include <cmath>

namespace cim::compiler {
namespace {

using Plane = std::vector<double>;

void normalise(Plane& plane) {
    const auto n = static_cast<double>(plane.size());
    double mean = 0;
    for (const double v : plane) {
        mean += v / n;
    }
    double variance = 0;
    for (const double v : plane) {
        variance += (v - mean) * (v - mean) / n;
    }
    const double factor = variance > 0 ? 1 / std::sqrt(variance) : 0;
    for (double& v : plane) {
        v = (v - mean) * factor;
    }
}

/// Adds random values at the crossings of a grid of `cells` x `cells`, and between them what lies linearly between.
void add_smooth(Plane& plane, std::int64_t height, std::int64_t width, std::int64_t cells, double amount, std::mt19937& random) {
    const std::int64_t side = cells + 1;
    Plane grid(static_cast<std::size_t>(side * side));
    for (double& v : grid) {
        v = amount * nearly_normal(random);
    }
    for (std::int64_t y = 0; y < height; ++y) {
        const std::int64_t row = y * cells / height;
        const double v = static_cast<double>(y * cells % height) / static_cast<double>(height);
        for (std::int64_t x = 0; x < width; ++x) {
            const std::int64_t column = x * cells / width;
            const double u = static_cast<double>(x * cells % width) / static_cast<double>(width);
            const double* corner = grid.data() + row * side + column;
            const double above = corner[0] * (1 - u) + corner[1] * u;
            const double below = corner[side] * (1 - u) + corner[side + 1] * u;
            plane[static_cast<std::size_t>(y * width + x)] += above * (1 - v) + below * v;
        }
    }
}

/// Large shapes and finer ones.
Plane smooth_plane(std::int64_t height, std::int64_t width, std::mt19937& random) {
    Plane plane(static_cast<std::size_t>(height * width));
    add_smooth(plane, height, width, 3, 1, random);
    add_smooth(plane, height, width, 10, 0.6, random);
    normalise(plane);
    return plane;
}

}  // namespace

std::vector<FloatTensor> sample_images(const Dims& shape, std::int64_t number) {
    std::mt19937 random(1);
    std::vector<FloatTensor> images;
    for (std::int64_t i = 0; i < number; ++i) {
        const bool smooth = i % 2 == 0;
        FloatTensor image{shape, {}};
        const Plane common = smooth ? smooth_plane(shape[2], shape[3], random) : Plane{};
        for (std::int64_t c = 0; c < shape[1]; ++c) {
            Plane plane(static_cast<std::size_t>(shape[2] * shape[3]));
            if (smooth) {
                const Plane own = smooth_plane(shape[2], shape[3], random);
                std::transform(common.begin(), common.end(), own.begin(), plane.begin(), [](double a, double b) { return a + 0.5 * b; });
            } else {
                std::generate(plane.begin(), plane.end(), [&] { return nearly_normal(random); });
            }
            normalise(plane);
            for (const double v : plane) {
                image.data.push_back(static_cast<float>(v));
            }
        }
        images.push_back(std::move(image));
    }
    return images;
}

}  // namespace cim::compiler
