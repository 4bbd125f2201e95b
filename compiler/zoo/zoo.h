#pragma once
// Well-known networks, with made weights: `cimmlc zoo`.

#include <vector>

#include "compiler/zoo/blueprint.h"

namespace cim::compiler {

struct ZooNetwork {
    const char* name;
    const char* about;
    std::int64_t size;      ///< height and width of the images that it was published for
    std::int64_t smallest;  ///< height and width from which on every map has a value
    std::int64_t classes;
    Blueprint (*build)(const Dims& image, std::int64_t classes);
};

const std::vector<ZooNetwork>& zoo();

/// The network of that name, null if there is none.
const ZooNetwork* find_zoo_network(const std::string& name);

}  // namespace cim::compiler
