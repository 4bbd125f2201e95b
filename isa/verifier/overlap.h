#pragma once
// Which buffers share bytes while both are alive.

#include <functional>
#include <vector>

#include "isa/program.h"

namespace cim::isa {

/// Calls found(a, b), a not behind b, for buffers with bytes of a memory in common that are alive in one segment. Of many that share
/// bytes not every pair is found, but one at least of each buffer that begins inside another.
void for_each_overlap(std::vector<const Buffer*> buffers, const std::function<void(const Buffer&, const Buffer&)>& found);

}  // namespace cim::isa
