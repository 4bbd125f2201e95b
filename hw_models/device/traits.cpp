#include "hw_models/device/traits.h"

#include <algorithm>

namespace cim::hw {

const std::vector<DeviceTraits>& devices() {
    static const std::vector<DeviceTraits> table{
        {"SRAM", 1, false, false},    // bistable
        {"ReRAM", 8, true, true},     // up to 11 bits: Rao et al., Nature 615, 2023; 8 are the most that a cell has here
        {"Flash", 8, true, true},     // an 8-bit weight a transistor: Fick and Henry, Hot Chips 2018
        {"STT-MRAM", 1, true, true},  // parallel or antiparallel
        {"PCM", 4, true, true},       // Nirschl et al., IEDM 2007
        {"FeFET", 5, true, true},     // 32 levels: Jerry et al., IEDM 2017
    };
    return table;
}

const DeviceTraits& device_traits(const std::string& type) {
    const auto found = std::find_if(devices().begin(), devices().end(), [&](const DeviceTraits& d) { return d.type == type; });
    return found != devices().end() ? *found : devices().front();
}

}  // namespace cim::hw
