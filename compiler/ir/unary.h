#pragma once
// Functions of one value, by their ONNX names. One table serves the importer (attributes), the executors (values) and export.

#include <string>
#include <vector>

namespace cim::compiler {

struct UnaryFunction {
    const char* type;   ///< ONNX operator type; "Affine" (alpha * x + beta) stands for Mul and Add of constants
    const char* alpha;  ///< attribute that gives alpha, null if it has none
    float alpha_default;
    const char* beta;
    float beta_default;
    double (*value)(double x, double alpha, double beta);
};

/// The function of that ONNX type, null if there is none.
const UnaryFunction* find_unary(const std::string& type);

/// All of them.
const std::vector<UnaryFunction>& unary_functions();

/// One function with its attributes; a chain of steps is one function of the chain's input.
struct UnaryStep {
    const UnaryFunction* function = nullptr;
    float alpha = 0;
    float beta = 0;
    bool times_input = false;  ///< the result is then multiplied by the input of the chain: x * Sigmoid(x)
};

/// The chain's value at x; of an empty chain, x.
double evaluate(const std::vector<UnaryStep>& steps, double x);

}  // namespace cim::compiler
