#include "compiler/frontend/constant_folding.h"

#include <algorithm>
#include <functional>
#include <limits>
#include <map>
#include <set>

#include "compiler/frontend/pick.h"

namespace cim::compiler {
namespace {

using Inputs = std::vector<const Constant*>;

class Folder {
  public:
    Folder(const NodeView& node, const Inputs& inputs, std::int64_t limit) : node_(node), inputs_(inputs), limit_(limit) {}

    Constant constant() const {
        for (const char* name : {"value", "value_int", "value_ints", "value_float", "value_floats"}) {
            const auto found = node_.raw().attributes.find(name);
            if (found == node_.raw().attributes.end()) {
                continue;
            }
            const Attribute& attribute = found->second;
            if (const auto* tensor = std::get_if<Constant>(&attribute)) {
                return *tensor;
            }
            if (const auto* i = std::get_if<std::int64_t>(&attribute)) {
                return {{}, std::vector<std::int64_t>{*i}};
            }
            if (const auto* f = std::get_if<float>(&attribute)) {
                return {{}, std::vector<float>{*f}};
            }
            if (const auto* is = std::get_if<std::vector<std::int64_t>>(&attribute)) {
                return {{static_cast<std::int64_t>(is->size())}, *is};
            }
            if (const auto* fs = std::get_if<std::vector<float>>(&attribute)) {
                return {{static_cast<std::int64_t>(fs->size())}, *fs};
            }
        }
        node_.fail("it holds no number (a tensor, an integer or a float, or a list of them)");
    }

    Constant constant_of_shape() const {
        const Dims shape = integers(0);
        const auto n = static_cast<std::size_t>(bounded(shape));
        const auto found = node_.raw().attributes.find("value");
        if (found == node_.raw().attributes.end()) {
            return {shape, std::vector<float>(n, 0.0F)};
        }
        const auto* value = std::get_if<Constant>(&found->second);
        if (value == nullptr || value->size() != 1) {
            node_.fail("attribute 'value' must be a tensor of one element");
        }
        return pick(*value, shape, [](std::int64_t) { return 0; });
    }

    Constant same() const { return input(0); }

    Constant reshape() const {
        Constant result = input(0);
        result.shape = reshaped(node_, result.shape, inputs_);
        return result;
    }

    Constant cast() const {
        const std::int64_t to = node_.integer("to", 0);
        static const std::set<std::int64_t> floats{1, 10, 11, 16};
        static const std::set<std::int64_t> wide_integers{6, 7, 12, 13};  // int32, int64, uint32, uint64
        Constant result = input(0);
        if (floats.count(to) != 0) {
            if (result.is_integer()) {
                result.data = std::vector<float>(result.integers().begin(), result.integers().end());
            }
        } else if (wide_integers.count(to) != 0) {
            if (!result.is_integer()) {
                std::vector<std::int64_t> converted;
                for (const float v : result.floats()) {
                    if (!(v > -9.0e18F && v < 9.0e18F)) {
                        node_.fail("a constant does not fit an integer");
                    }
                    converted.push_back(static_cast<std::int64_t>(v));
                }
                result.data = std::move(converted);
            }
        } else {
            node_.fail("a constant cannot be cast to element type number " + std::to_string(to) + " here");
        }
        return result;
    }

    Constant gather() const {
        const Constant& data = input(0);
        const std::vector<std::int64_t>& indices = integers(1);
        const auto axis = static_cast<std::size_t>(node_.axis(node_.integer("axis", 0), data.shape.size()));
        const std::int64_t n = data.shape[axis];
        for (const std::int64_t i : indices) {
            if (i < -n || i >= n) {
                node_.fail("index " + std::to_string(i) + " is outside of dimension " + std::to_string(axis) + " of " +
                           to_string(data.shape));
            }
        }
        const auto place = data.shape.begin() + static_cast<std::ptrdiff_t>(axis);
        Dims shape(data.shape.begin(), place);
        const std::int64_t inner = count(Dims(place + 1, data.shape.end()));
        shape.insert(shape.end(), inputs_[1]->shape.begin(), inputs_[1]->shape.end());
        shape.insert(shape.end(), place + 1, data.shape.end());
        bounded(shape);
        const auto chosen = static_cast<std::int64_t>(indices.size());
        return pick(data, shape, [&](std::int64_t i) {
            const std::int64_t index = indices[static_cast<std::size_t>(i / inner % chosen)];
            return (i / inner / chosen * n + (index < 0 ? index + n : index)) * inner + i % inner;
        });
    }

    Constant transpose() const {
        const Constant& data = input(0);
        const std::size_t rank = data.shape.size();
        std::vector<std::int64_t> order;
        for (std::size_t d = 0; d < rank; ++d) {
            order.push_back(static_cast<std::int64_t>(rank - 1 - d));
        }
        order = node_.integers("perm", order);
        if (order.size() != rank || std::set<std::int64_t>(order.begin(), order.end()).size() != rank) {
            node_.fail("perm is no permutation of " + std::to_string(rank) + " dimensions");
        }
        std::vector<std::int64_t> strides(rank, 1);
        for (std::size_t d = rank; d-- > 1;) {
            strides[d - 1] = strides[d] * data.shape[d];
        }
        Dims shape;
        for (const std::int64_t d : order) {
            shape.push_back(data.shape[static_cast<std::size_t>(node_.axis(d, rank))]);
        }
        return pick(data, shape, [&](std::int64_t i) {
            std::int64_t from = 0;
            for (std::size_t d = rank; d-- > 0;) {
                from += i % shape[d] * strides[static_cast<std::size_t>(node_.axis(order[d], rank))];
                i /= shape[d];
            }
            return from;
        });
    }

    Constant concat() const {
        const Constant& first = input(0);
        const auto axis = static_cast<std::size_t>(node_.axis(node_.integer("axis", 0), first.shape.size()));
        Dims shape = first.shape;
        shape[axis] = 0;
        for (std::size_t k = 0; k < inputs_.size(); ++k) {
            Dims rest = input(k).shape;
            if (rest.size() == shape.size()) {
                shape[axis] += rest[axis];
                rest[axis] = first.shape[axis];
            }
            if (rest != first.shape || input(k).is_integer() != first.is_integer()) {
                node_.fail("inputs of shapes " + to_string(first.shape) + " and " + to_string(input(k).shape) + " do not fit together");
            }
        }
        bounded(shape);
        Constant result;
        result.shape = shape;
        const std::int64_t outer = count(Dims(shape.begin(), shape.begin() + static_cast<std::ptrdiff_t>(axis)));
        std::visit(
            [&](const auto& sample) {
                std::decay_t<decltype(sample)> to;
                for (std::int64_t o = 0; o < outer; ++o) {
                    for (const Constant* part : inputs_) {
                        const auto& from = std::get<std::decay_t<decltype(sample)>>(part->data);
                        const auto n = static_cast<std::int64_t>(from.size()) / outer;
                        to.insert(to.end(), from.begin() + o * n, from.begin() + (o + 1) * n);
                    }
                }
                result.data = std::move(to);
            },
            first.data);
        return result;
    }

    Constant slice() const {
        const Constant& data = input(0);
        const std::size_t rank = data.shape.size();
        const bool old = node_.opset() < 10;
        const std::vector<std::int64_t> starts = old ? node_.integers("starts", {}) : integers(1);
        const std::vector<std::int64_t> ends = old ? node_.integers("ends", {}) : integers(2);
        std::vector<std::int64_t> axes;
        for (std::size_t i = 0; i < starts.size(); ++i) {
            axes.push_back(static_cast<std::int64_t>(i));
        }
        axes = old ? node_.integers("axes", axes) : given(3) ? integers(3) : axes;
        const std::vector<std::int64_t> steps = given(4) && !old ? integers(4) : std::vector<std::int64_t>(starts.size(), 1);
        if (ends.size() != starts.size() || axes.size() != starts.size() || steps.size() != starts.size()) {
            node_.fail("starts, ends, axes and steps differ in length");
        }
        std::vector<std::int64_t> from(rank, 0);
        std::vector<std::int64_t> step(rank, 1);
        Dims shape = data.shape;
        for (std::size_t i = 0; i < starts.size(); ++i) {
            const auto d = static_cast<std::size_t>(node_.axis(axes[i], rank));
            const std::int64_t n = data.shape[d];
            if (steps[i] == 0 || steps[i] == std::numeric_limits<std::int64_t>::min()) {
                node_.fail("step " + std::to_string(steps[i]) + " is not possible");
            }
            const bool forward = steps[i] > 0;
            const auto clamp = [&](std::int64_t v) {
                v = v < 0 ? v + n : v;
                return forward ? std::clamp<std::int64_t>(v, 0, n) : std::clamp<std::int64_t>(v, -1, n - 1);
            };
            from[d] = clamp(starts[i]);
            // An end before the front (INT_MIN) of a backward slice stays before it.
            const std::int64_t end = !forward && ends[i] < -n ? -1 : clamp(ends[i]);
            step[d] = steps[i];
            const std::int64_t span = forward ? end - from[d] : from[d] - end;
            const std::int64_t stride = forward ? steps[i] : -steps[i];
            shape[d] = span <= 0 ? 0 : (span - 1) / stride + 1;
        }
        std::vector<std::int64_t> strides(rank, 1);
        for (std::size_t d = rank; d-- > 1;) {
            strides[d - 1] = strides[d] * data.shape[d];
        }
        return pick(data, shape, [&](std::int64_t i) {
            std::int64_t index = 0;
            for (std::size_t d = rank; d-- > 0;) {
                index += (from[d] + i % shape[d] * step[d]) * strides[d];
                i /= shape[d];
            }
            return index;
        });
    }

    Constant arithmetic() const {
        const Constant& a = input(0);
        const Constant& b = input(1);
        if (node_.opset() < 7 && node_.has("axis") && a.shape != b.shape) {
            node_.fail("with an axis is not supported for constants");
        }
        return combine_constants(node_, a, b, limit_);
    }

    Constant unary() const {
        Constant result = input(0);
        if (result.is_integer()) {
            node_.fail("of a constant of integers is not supported");
        }
        const std::vector<UnaryStep> steps{unary_step(node_)};
        for (float& v : std::get<0>(result.data)) {
            v = static_cast<float>(evaluate(steps, static_cast<double>(v)));
        }
        return result;
    }

  private:
    bool given(std::size_t i) const { return i < inputs_.size() && inputs_[i] != nullptr; }

    const Constant& input(std::size_t i) const {
        if (!given(i)) {
            node_.fail("input " + std::to_string(i) + " is missing");
        }
        return *inputs_[i];
    }

    const std::vector<std::int64_t>& integers(std::size_t i) const {
        if (!input(i).is_integer()) {
            node_.fail("input " + std::to_string(i) + " must hold integers");
        }
        return input(i).integers();
    }

    std::int64_t bounded(const Dims& shape) const {
        const std::int64_t n = checked_count(shape, limit_);
        if (n < 0) {
            node_.fail("its result would have the shape " + to_string(shape) + ", too large for a constant of this network");
        }
        return n;
    }

    const NodeView& node_;
    const Inputs& inputs_;
    std::int64_t limit_;
};

using Member = Constant (Folder::*)() const;

const std::map<std::string, Member>& table() {
    static const std::map<std::string, Member> members = [] {
        std::map<std::string, Member> known{
            {"Add", &Folder::arithmetic},    {"Cast", &Folder::cast},       {"Concat", &Folder::concat},
            {"Constant", &Folder::constant}, {"Div", &Folder::arithmetic},  {"ConstantOfShape", &Folder::constant_of_shape},
            {"Flatten", &Folder::reshape},   {"Gather", &Folder::gather},   {"Identity", &Folder::same},
            {"Mul", &Folder::arithmetic},    {"Reshape", &Folder::reshape}, {"Slice", &Folder::slice},
            {"Squeeze", &Folder::reshape},   {"Sub", &Folder::arithmetic},  {"Transpose", &Folder::transpose},
            {"Unsqueeze", &Folder::reshape},
        };
        for (const UnaryFunction& function : unary_functions()) {
            const std::string type = function.type;
            if (type != "Affine" && type != "Clip" && type != "Pow") {  // the last two have their numbers in further inputs
                known.emplace(type, &Folder::unary);
            }
        }
        return known;
    }();
    return members;
}

}  // namespace

bool is_foldable(const std::string& type) {
    return table().count(type) != 0;
}

Constant fold_constants(const NodeView& node, const Inputs& inputs, std::int64_t limit) {
    const Folder folder(node, inputs, limit);
    return (folder.*table().at(node.type()))();
}

UnaryStep unary_step(const NodeView& node) {
    UnaryStep step;
    step.function = find_unary(node.type());
    step.alpha = step.function->alpha_default;
    step.beta = step.function->beta_default;
    if (step.function->alpha != nullptr) {
        step.alpha = node.real(step.function->alpha, step.alpha);
    }
    if (step.function->beta != nullptr) {
        step.beta = node.real(step.function->beta, step.beta);
    }
    return step;
}

Constant shape_constant(const NodeView& node, const Dims& shape) {
    const auto rank = static_cast<std::int64_t>(shape.size());
    const auto bound = [&](std::int64_t v) { return std::clamp<std::int64_t>(v < 0 ? v + rank : v, 0, rank); };
    const std::int64_t start = bound(node.integer("start", 0));
    const std::int64_t end = std::max(start, bound(node.integer("end", rank)));
    const std::vector<std::int64_t> part(shape.begin() + start, shape.begin() + end);
    return {{static_cast<std::int64_t>(part.size())}, part};
}

}  // namespace cim::compiler
