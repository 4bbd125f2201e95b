// Values that are right by themselves and do not go together. Every message in full.
#include <catch2/catch.hpp>

#include "tests/hw/support.h"

namespace {

using cim::test::Edit;
using cim::test::Mistake;

const std::vector<Mistake> consistency_mistakes{
    {"cluster that does not divide",
     {{"core:\n", "cluster:\n  cores: [1, 3]\n  leakage: 1 mW\n  area: 1 mm2\ncore:\n"}},
     {"m.yaml:55:10: cluster.cores: clusters of [1, 3] do not divide the cores [2, 2] (chip.cores)"}},
    {"memory outside the cluster grid",
     {{"    memory_node: [0, 0]\n    flit_hop", "    memory_node: [0, 1]\n    flit_hop"},
      {"core:\n", "cluster:\n  cores: [1, 2]\n  leakage: 1 mW\n  area: 1 mm2\ncore:\n"}},
     {"m.yaml:20:18: chip.noc.memory_node: [0, 1] is outside the [2, 1] routers (chip.cores over cluster.cores); rows and columns count "
      "from 0"}},
    {"memory outside the grid",
     {{"    memory_node: [0, 0]\n    flit_hop", "    memory_node: [0, 2]\n    flit_hop"}},
     {"m.yaml:20:18: chip.noc.memory_node: [0, 2] is outside the [2, 2] routers (chip.cores); rows and columns count from 0"}},
    {"L1 outside the grid",
     {{"      memory_node: [0, 0]", "      memory_node: [5, 0]"}},
     {"m.yaml:62:20: core.noc.cost.memory_node: [5, 0] is outside the [2, 2] crossbars (core.crossbars); rows and columns count from 0"}},
    {"matrix of the wrong size",
     {{"    cost:\n      base: 1 cycle\n      per_hop: 1 cycle\n      memory_node: [0, 0]\n", "    cost_matrix: [[0, 1], [1, 0]]\n"}},
     {"m.yaml:59:18: core.noc.cost_matrix: has 2 rows, but the crossbars and L1 make 5 nodes"}},
    {"ragged matrix",
     {{"    cost:\n      base: 1 cycle\n      per_hop: 1 cycle\n      memory_node: [0, 0]\n",
       "    cost_matrix: [[0,1,1,1,1],[1,0,1,1,1],[1,1,0,1],[1,1,1,0,1],[1,1,1,1,0]]\n"}},
     {"m.yaml:59:18: core.noc.cost_matrix: row 2 has 4 values, but the crossbars and L1 make 5 nodes"}},
    {"matrix with a diagonal",
     {{"    cost:\n      base: 1 cycle\n      per_hop: 1 cycle\n      memory_node: [0, 0]\n",
       "    cost_matrix: [[0,1,1,1,1],[1,7,1,1,1],[1,1,0,1,1],[1,1,1,0,1],[1,1,1,1,0]]\n"}},
     {"m.yaml:59:18: core.noc.cost_matrix: row 1: from a node to itself the cost must be 0, not 7"}},
    {"too many cores for a derived matrix",
     {{"  crossbars: [2, 2]", "  crossbars: [64, 64]"}},
     {"m.yaml:60:13: core.noc.cost.base: a cost matrix of 4097 nodes; at most 1025 are possible"}},
    {"too many cores",
     {{"  cores: [2, 2]", "  cores: [1000, 1000]"}},
     {"m.yaml:13:10: chip.cores: [1000, 1000] makes 1000000 cores; at most 65536 are possible"}},
    {"too many crossbars",
     {{"  cores: [2, 2]", "  cores: [256, 256]"}, {"  crossbars: [2, 2]", "  crossbars: [25, 25]"}},
     {"m.yaml:55:14: core.crossbars: 65536 cores of 625 crossbars: at most 16777216 crossbars are possible"}},
    {"more parallel rows than rows",
     {{"parallel_row: 16", "parallel_row: 33"}},
     {"m.yaml:91:17: crossbar.parallel_row: 33 rows at once, but crossbar.size has only 32"}},
    {"weights wider than the crossbar",
     {{"  size: [32, 32]", "  size: [32, 3]"}, {"    count: 4", "    count: 1"}},
     {"m.yaml:90:9: crossbar.size: an 8-bit weight takes 4 columns of 2-bit cells (device.bits_per_cell), but there are only 3"}},
    {"sign column does not fit",
     {{"  size: [32, 32]", "  size: [32, 4]"}, {"weight_encoding: offset", "weight_encoding: twos-complement"}},
     {"m.yaml:90:9: crossbar.size: an 8-bit weight takes 5 columns of 2-bit cells (device.bits_per_cell), but there are only 4"}},
    {"more converters than columns",
     {{"    count: 4", "    count: 33"}},
     {"m.yaml:107:12: crossbar.adc.count: 33 converters for 32 columns (crossbar.size): some would never be used"}},
    {"more converters than pairs of columns",
     {{"    count: 4", "    count: 17"}, {"weight_encoding: offset", "weight_encoding: differential"}},
     {"m.yaml:107:12: crossbar.adc.count: 17 converters for 16 pairs of columns (crossbar.size): some would never be used"}},
    {"a converter without room for a sign",
     {{"    bits: 6", "    bits: 1"}, {"weight_encoding: offset", "weight_encoding: differential"}},
     {"m.yaml:106:11: crossbar.adc.bits: 1 bit for sums with a sign (crossbar.weight_encoding): a converter needs 2 at least"}},
    {"more bits than a cell of its kind holds",
     {{"type: ReRAM", "type: STT-MRAM"}},
     {"m.yaml:124:18: device.bits_per_cell: STT-MRAM cells hold 1 bit at most, not 2 (device.type)"}},
    {"sums too large",
     {{"    bits: 1\n", "    bits: 16\n"},
      {"bits_per_cell: 2", "bits_per_cell: 8"},
      {"  size: [32, 32]", "  size: [1024, 32]"},
      {"parallel_row: 16", "parallel_row: 1024"}},
     {"m.yaml:100:11: crossbar.dac.bits: the sum of 1024 rows of 16-bit inputs and 8-bit cells (device.bits_per_cell) does not fit 31 "
      "bits"}},
    {"clocks without a common tick",
     {{"  core: 1200 MHz", "  core: 1199999999 Hz"}, {"  crossbar: 800 MHz", "  crossbar: 799999999 Hz"}},
     {"m.yaml:10:13: clocks.crossbar: the three clocks have no common tick of 1e-15 s or longer: choose frequencies with larger common "
      "divisors"}},
};

}  // namespace

TEST_CASE("A hardware file that contradicts itself is refused", "[hw]") {
    cim::test::expect_mistakes(consistency_mistakes);
}
