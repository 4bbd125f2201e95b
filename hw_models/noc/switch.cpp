// Disjoint buffer switch (Jia, ISSCC 2021): every node has a port into and a port out of one non-blocking switch; transfers meet only when
// they leave the same node or enter the same node.
#include <string>

#include "hw_models/noc/models.h"
#include "hw_models/noc/routed.h"

namespace cim::hw {

namespace {

class SwitchNoc final : public RoutedNoc {
  public:
    explicit SwitchNoc(const Machine& machine)
        : RoutedNoc(2 * (machine.core_count() + 1), machine.chip_clock.ticks_per_cycle),
          nodes_(machine.core_count() + 1),
          through_(machine.chip.noc.hop_latency * machine.chip_clock.ticks_per_cycle) {}

    int hops(int src, int dst) const override { return src == dst ? 0 : 1; }
    std::vector<std::string> link_names() const override {
        std::vector<std::string> names;
        for (const char* way : {"in", "out"}) {
            for (int i = 0; i < nodes_; ++i) {
                names.push_back((i + 1 == nodes_ ? std::string("l0") : "core" + std::to_string(i)) + "." + way);
            }
        }
        return names;
    }

  protected:
    void route(int src, int dst, std::vector<Hop>& path) const override {
        path.push_back({src, through_});
        path.push_back({nodes_ + dst, 0});
    }

  private:
    int nodes_;
    Ticks through_;
};

}  // namespace

std::unique_ptr<NocModel> make_switch_noc(const Machine& machine) {
    return std::make_unique<SwitchNoc>(machine);
}

}  // namespace cim::hw
