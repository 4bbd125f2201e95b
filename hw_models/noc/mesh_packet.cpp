// 2-D mesh with dimension-ordered (first along the row, then along the column) routes and contention for every link. A router belongs to a
// core, or to a cluster of cores if the machine has that tier. Each core has a link into and one out of its router, L0 likewise.
#include <cstdlib>
#include <string>

#include "hw_models/noc/models.h"
#include "hw_models/noc/routed.h"

namespace cim::hw {

namespace {

Grid router_grid(const Machine& machine) {
    Grid grid = machine.chip.cores;
    if (machine.chip.cluster) {
        grid.rows /= machine.chip.cluster->cores.rows;
        grid.cols /= machine.chip.cluster->cores.cols;
    }
    return grid;
}

class MeshPacketNoc final : public RoutedNoc {
  public:
    explicit MeshPacketNoc(const Machine& machine)
        : RoutedNoc(4 * router_grid(machine).count() + 2 * (machine.core_count() + 1), machine.chip_clock.ticks_per_cycle),
          cores_(machine.chip.cores),
          routers_(router_grid(machine)),
          cluster_(machine.chip.cluster ? machine.chip.cluster->cores : Grid{1, 1}),
          memory_(machine.chip.noc.memory_node),
          hop_(machine.chip.noc.hop_latency * machine.chip_clock.ticks_per_cycle),
          inject_(machine.chip.noc.inject_latency * machine.chip_clock.ticks_per_cycle) {}

    int hops(int src, int dst) const override {
        if (src == dst) {
            return 0;
        }
        const Grid a = router_of(src);
        const Grid b = router_of(dst);
        return std::abs(a.rows - b.rows) + std::abs(a.cols - b.cols) + 1;
    }

    std::vector<std::string> link_names() const override {
        std::vector<std::string> names;
        for (int r = 0; r < routers_.count(); ++r) {
            for (const char* way : {"east", "west", "south", "north"}) {
                names.push_back("router" + std::to_string(r) + "." + way);
            }
        }
        for (int node = 0; node <= cores_.count(); ++node) {
            const std::string name = node == cores_.count() ? "l0" : "core" + std::to_string(node);
            names.push_back(name + ".inject");
            names.push_back(name + ".eject");
        }
        return names;
    }

  protected:
    void route(int src, int dst, std::vector<Hop>& path) const override {
        Grid at = router_of(src);
        const Grid to = router_of(dst);
        path.push_back({local_link(src, 0), inject_});
        while (at.cols != to.cols) {
            const bool east = to.cols > at.cols;
            path.push_back({mesh_link(at, east ? 0 : 1), hop_});
            at.cols += east ? 1 : -1;
        }
        while (at.rows != to.rows) {
            const bool south = to.rows > at.rows;
            path.push_back({mesh_link(at, south ? 2 : 3), hop_});
            at.rows += south ? 1 : -1;
        }
        path.push_back({local_link(dst, 1), inject_});
    }

  private:
    /// Coordinates of the router that node `node` hangs on.
    Grid router_of(int node) const {
        if (node == cores_.count()) {
            return memory_;
        }
        return {node / cores_.cols / cluster_.rows, node % cores_.cols / cluster_.cols};
    }
    int mesh_link(const Grid& router, int way) const { return 4 * (router.rows * routers_.cols + router.cols) + way; }
    int local_link(int node, int out) const { return 4 * routers_.count() + 2 * node + out; }

    Grid cores_;
    Grid routers_;
    Grid cluster_;
    Grid memory_;  ///< router of the L0
    Ticks hop_;
    Ticks inject_;
};

}  // namespace

std::unique_ptr<NocModel> make_mesh_packet_noc(const Machine& machine) {
    return std::make_unique<MeshPacketNoc>(machine);
}

}  // namespace cim::hw
