#pragma once
// Constructors of the models, for the table in factory.cpp.

#include <memory>

#include "hw_models/noc/noc.h"

namespace cim::hw {

std::unique_ptr<NocModel> make_ideal_noc(const Machine& machine);
std::unique_ptr<NocModel> make_cost_matrix_noc(const Machine& machine);
std::unique_ptr<NocModel> make_switch_noc(const Machine& machine);
std::unique_ptr<NocModel> make_mesh_packet_noc(const Machine& machine);

}  // namespace cim::hw
