#pragma once
// A node being imported: its attributes with defaults, and its errors with their place.

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "compiler/error.h"
#include "compiler/frontend/raw_model.h"

namespace cim::compiler {

class NodeView {
  public:
    NodeView(const RawModel& model, const RawNode& node) : model_(model), node_(node) {}

    const RawNode& raw() const { return node_; }
    const std::string& type() const { return node_.type; }
    int opset() const { return model_.opset; }

    /// Throws `FILE: node 'x' (Conv): what`.
    [[noreturn]] void fail(const std::string& what) const {
        throw InputError(model_.file + ": node '" + node_.name + "' (" + node_.type + "): " + what);
    }

    /// Fails unless all values that its constants give are finite.
    void check_finite(const std::vector<float>& values) const {
        if (!std::all_of(values.begin(), values.end(), [](float v) { return std::isfinite(v); })) {
            fail("its constants give values that are not finite");
        }
    }

    bool has(const std::string& name) const { return node_.attributes.count(name) != 0; }
    std::int64_t integer(const std::string& name, std::int64_t fallback) const { return get<std::int64_t>(name, fallback); }
    float real(const std::string& name, float fallback) const { return get<float>(name, fallback); }
    std::string text(const std::string& name, const std::string& fallback) const { return get<std::string>(name, fallback); }
    std::vector<std::int64_t> integers(const std::string& name, const std::vector<std::int64_t>& fallback) const {
        return get<std::vector<std::int64_t>>(name, fallback);
    }

    /// `axis` counted from the front, given the rank; ONNX lets it count from the end. `end` allows axis = rank.
    int axis(std::int64_t axis, std::size_t rank, bool end = false) const {
        const auto n = static_cast<std::int64_t>(rank);
        const std::int64_t from_front = axis < 0 ? axis + n : axis;
        if (from_front < 0 || from_front >= n + (end ? 1 : 0)) {
            fail("axis " + std::to_string(axis) + " does not exist in a tensor of rank " + std::to_string(rank));
        }
        return static_cast<int>(from_front);
    }

  private:
    template <typename T>
    T get(const std::string& name, const T& fallback) const {
        const auto found = node_.attributes.find(name);
        if (found == node_.attributes.end()) {
            return fallback;
        }
        if (const T* value = std::get_if<T>(&found->second)) {
            return *value;
        }
        fail("attribute '" + name + "' has the wrong type");
    }

    const RawModel& model_;
    const RawNode& node_;
};

}  // namespace cim::compiler
