#pragma once
// What a kind of memory cell can and cannot do, whatever its prices.

#include <string>
#include <vector>

namespace cim::hw {

struct DeviceTraits {
    std::string type;
    int most_bits_per_cell = 1;  ///< published
    bool wears = true;           ///< survives a limited number of writes: `device.endurance` must be given
    bool keeps = true;           ///< holds its weights without power; else they are loaded after each power-up
};

/// In the order of the choices of `device.type`.
const std::vector<DeviceTraits>& devices();
/// Of a type that exists.
const DeviceTraits& device_traits(const std::string& type);

}  // namespace cim::hw
