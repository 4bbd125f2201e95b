#include "compiler/ir/unary.h"

#include <algorithm>
#include <cmath>

namespace cim::compiler {
namespace {

double sigmoid(double x) {
    return 1.0 / (1.0 + std::exp(-x));
}

double softplus(double x) {
    return std::max(x, 0.0) + std::log1p(std::exp(-std::fabs(x)));
}

}  // namespace

const std::vector<UnaryFunction>& unary_functions() {
    using D = double;
    static const std::vector<UnaryFunction> table{
        {"Abs", nullptr, 0, nullptr, 0, [](D x, D, D) { return std::fabs(x); }},
        {"Affine", nullptr, 1, nullptr, 0, [](D x, D a, D b) { return a * x + b; }},
        {"Atan", nullptr, 0, nullptr, 0, [](D x, D, D) { return std::atan(x); }},
        {"Ceil", nullptr, 0, nullptr, 0, [](D x, D, D) { return std::ceil(x); }},
        {"Celu", "alpha", 1, nullptr, 0, [](D x, D a, D) { return std::max(0.0, x) + std::min(0.0, a * std::expm1(x / a)); }},
        {"Clip", nullptr, 0, nullptr, 0, [](D x, D a, D b) { return std::clamp(x, a, b); }},  // bounds are read elsewhere
        {"Cos", nullptr, 0, nullptr, 0, [](D x, D, D) { return std::cos(x); }},
        {"Elu", "alpha", 1, nullptr, 0, [](D x, D a, D) { return x < 0 ? a * std::expm1(x) : x; }},
        {"Erf", nullptr, 0, nullptr, 0, [](D x, D, D) { return std::erf(x); }},
        {"Exp", nullptr, 0, nullptr, 0, [](D x, D, D) { return std::exp(x); }},
        {"Floor", nullptr, 0, nullptr, 0, [](D x, D, D) { return std::floor(x); }},
        {"HardSigmoid", "alpha", 0.2F, "beta", 0.5F, [](D x, D a, D b) { return std::clamp(a * x + b, 0.0, 1.0); }},
        {"HardSwish", nullptr, 0, nullptr, 0, [](D x, D, D) { return x * std::clamp(x / 6 + 0.5, 0.0, 1.0); }},
        {"LeakyRelu", "alpha", 0.01F, nullptr, 0, [](D x, D a, D) { return x < 0 ? a * x : x; }},
        {"Log", nullptr, 0, nullptr, 0, [](D x, D, D) { return std::log(x); }},
        {"Neg", nullptr, 0, nullptr, 0, [](D x, D, D) { return -x; }},
        {"Pow", nullptr, 1, nullptr, 0, [](D x, D a, D) { return std::pow(x, a); }},  // the exponent is read elsewhere
        {"Reciprocal", nullptr, 0, nullptr, 0, [](D x, D, D) { return 1 / x; }},
        {"Round", nullptr, 0, nullptr, 0, [](D x, D, D) { return std::nearbyint(x); }},
        {"Selu", "alpha", 1.67326319F, "gamma", 1.05070102F, [](D x, D a, D g) { return g * (x < 0 ? a * std::expm1(x) : x); }},
        {"Sigmoid", nullptr, 0, nullptr, 0, [](D x, D, D) { return sigmoid(x); }},
        {"Sign", nullptr, 0, nullptr, 0, [](D x, D, D) { return static_cast<D>((x > 0) - (x < 0)); }},
        {"Sin", nullptr, 0, nullptr, 0, [](D x, D, D) { return std::sin(x); }},
        {"Softplus", nullptr, 0, nullptr, 0, [](D x, D, D) { return softplus(x); }},
        {"Softsign", nullptr, 0, nullptr, 0, [](D x, D, D) { return x / (1 + std::fabs(x)); }},
        {"Sqrt", nullptr, 0, nullptr, 0, [](D x, D, D) { return std::sqrt(x); }},
        {"Tanh", nullptr, 0, nullptr, 0, [](D x, D, D) { return std::tanh(x); }},
        {"ThresholdedRelu", "alpha", 1, nullptr, 0, [](D x, D a, D) { return x > a ? x : 0.0; }},
    };
    return table;
}

const UnaryFunction* find_unary(const std::string& type) {
    for (const UnaryFunction& function : unary_functions()) {
        if (type == function.type) {
            return &function;
        }
    }
    return nullptr;
}

double evaluate(const std::vector<UnaryStep>& steps, double x) {
    double y = x;
    for (const UnaryStep& step : steps) {
        y = step.function->value(y, static_cast<double>(step.alpha), static_cast<double>(step.beta));
        if (step.times_input) {
            y *= x;
        }
    }
    return y;
}

}  // namespace cim::compiler
