#include <array>
#include <stdexcept>
#include <utility>

#include "hw_models/noc/models.h"

namespace cim::hw {

namespace {

using Maker = std::unique_ptr<NocModel> (*)(const Machine&);
constexpr std::array<std::pair<const char*, Maker>, 4> noc_makers{{
    {"ideal", &make_ideal_noc},
    {"cost-matrix", &make_cost_matrix_noc},
    {"disjoint-buffer-switch", &make_switch_noc},
    {"mesh-packet", &make_mesh_packet_noc},
}};

}  // namespace

std::unique_ptr<NocModel> make_noc(const Machine& machine) {
    for (const auto& [name, make] : noc_makers) {
        if (machine.chip.noc.model == name) {
            return make(machine);
        }
    }
    throw std::invalid_argument("no NoC model '" + machine.chip.noc.model + "'");
}

std::vector<std::string> noc_models() {
    std::vector<std::string> names;
    for (const auto& entry : noc_makers) {
        names.emplace_back(entry.first);
    }
    return names;
}

}  // namespace cim::hw
