#include "compiler/scheduling/cg/bound.h"

#include <algorithm>
#include <random>

#include <catch2/catch.hpp>

#include "compiler/quantization/quantise.h"
#include "compiler/zoo/zoo.h"
#include "hw_models/spec/load.h"
#include "hw_models/timing/price.h"

using namespace cim::compiler;
using cim::hw::Machine;

namespace {

std::int64_t ceil_div(std::int64_t a, std::int64_t b) {
    return (a + b - 1) / b;
}

/// The best of all ways to give each kind of tile some copies.
std::int64_t brute_force(const std::vector<TileReads>& reads, std::size_t first, std::int64_t crossbars) {
    if (first == reads.size()) {
        return 0;
    }
    std::int64_t others = 0;
    for (std::size_t i = first + 1; i < reads.size(); ++i) {
        others += reads[i].tiles;
    }
    const TileReads& r = reads[first];
    std::int64_t best = std::numeric_limits<std::int64_t>::max();
    for (std::int64_t copies = 1; copies <= r.windows && copies * r.tiles + others <= crossbars; ++copies) {
        const std::int64_t mine = r.apart + ceil_div(r.windows, copies) * r.ticks;
        best = std::min(best, std::max(mine, brute_force(reads, first + 1, crossbars - copies * r.tiles)));
    }
    return best;
}

Machine machine(const std::string& name) {
    cim::hw::LoadResult loaded = cim::hw::load_machine(std::string(CIM_SOURCE_DIR) + "/configs/" + name + ".yaml");
    REQUIRE(loaded.ok());
    return std::move(loaded.machine);
}

/// A network of the zoo with weights and ranges that mean nothing: its shapes are all that counts here.
QuantGraph shapes_of(const std::string& name) {
    const ZooNetwork& network = *find_zoo_network(name);
    Graph graph = network.build({1, 3, network.size, network.size}, network.classes).graph;
    for (Node& node : graph.nodes) {
        if (node.op == Op::Conv || node.op == Op::Gemm) {
            node.weight.data.assign(static_cast<std::size_t>(count(node.weight.shape)), 1.0F);
            node.bias.assign(static_cast<std::size_t>(node.weight.shape[0]), 0.0F);
        }
    }
    Ranges ranges;
    for (const Value& value : graph.values) {
        ranges.tensors[value.name] = {0.0F, 1.0F};
    }
    return quantise(std::move(graph), ranges);
}

/// Windows an image, if the reads of all tiles take one time.
std::vector<TileReads> windows_of(const QuantGraph& network, const Machine& machine) {
    std::vector<TileReads> reads = tile_reads(network, machine);
    for (TileReads& r : reads) {
        r.ticks = 1;
    }
    return reads;
}

double averaged(const std::vector<TileReads>& reads, std::int64_t crossbars) {
    std::int64_t total = 0;
    for (const TileReads& r : reads) {
        total += r.tiles * r.windows;
    }
    return static_cast<double>(total) / static_cast<double>(crossbars);
}

}  // namespace

TEST_CASE("the least time is the best of all numbers of copies") {
    std::mt19937 random(7);
    const auto number = [&](std::int64_t low, std::int64_t high) {
        return low + static_cast<std::int64_t>(random() % static_cast<std::uint32_t>(high - low + 1));
    };
    for (int i = 0; i < 500; ++i) {
        std::vector<TileReads> reads(static_cast<std::size_t>(number(1, 4)));
        std::int64_t tiles = 0;
        for (TileReads& r : reads) {
            r = {number(1, 4), number(1, 30), number(1, 9), i % 2 == 0 ? 0 : number(0, 40)};
            tiles += r.tiles;
        }
        const std::int64_t crossbars = tiles + number(0, 20);
        INFO("instance " << i);
        REQUIRE(least_time(reads, crossbars) == brute_force(reads, 0, crossbars));
        REQUIRE_FALSE(least_time(reads, tiles - 1));
    }
}

/// The best of all ways to cut each Conv and to give each kind of its tiles some copies.
std::int64_t brute_force(const std::vector<CutReads>& convs, std::vector<TileReads>& chosen, std::size_t first, std::int64_t crossbars) {
    if (first == convs.size()) {
        std::int64_t tiles = 0;
        for (const TileReads& r : chosen) {
            tiles += r.tiles;
        }
        return tiles <= crossbars ? brute_force(chosen, 0, crossbars) : std::numeric_limits<std::int64_t>::max();
    }
    std::int64_t best = std::numeric_limits<std::int64_t>::max();
    for (const std::vector<TileReads>& cut : convs[first]) {
        chosen.insert(chosen.end(), cut.begin(), cut.end());
        best = std::min(best, brute_force(convs, chosen, first + 1, crossbars));
        chosen.resize(chosen.size() - cut.size());
    }
    return best;
}

TEST_CASE("the least time is the best of all cuts") {
    std::mt19937 random(8);
    const auto number = [&](std::int64_t low, std::int64_t high) {
        return low + static_cast<std::int64_t>(random() % static_cast<std::uint32_t>(high - low + 1));
    };
    for (int i = 0; i < 300; ++i) {
        std::vector<CutReads> convs(static_cast<std::size_t>(number(1, 2)));
        std::int64_t tiles = 0;
        for (CutReads& cuts : convs) {
            const std::int64_t windows = number(1, 20);
            const std::int64_t apart = i % 2 == 0 ? 0 : number(0, 40);
            cuts = {{{number(1, 2), windows, number(4, 12), apart}},
                    {{number(3, 4), windows, number(2, 6), apart}, {1, windows, 1, apart}}};
            tiles += cuts[0][0].tiles;
        }
        const std::int64_t crossbars = tiles + number(0, 12);
        INFO("instance " << i);
        std::vector<TileReads> none;
        REQUIRE(least_time(convs, crossbars) == brute_force(convs, none, 0, crossbars));
        REQUIRE_FALSE(least_time(convs, tiles - 1));
    }
}

TEST_CASE("rows that may be dealt over crossbars lower the bounds") {
    const QuantGraph network = shapes_of("resnet50");
    Machine isaac = machine("isaac-baseline");
    const Bounds dealt = bounds_of(network, isaac, 1, 1);
    isaac.mode = cim::hw::ComputingMode::XBM;
    const Bounds filled = bounds_of(network, isaac, 1, 1);
    CHECK(dealt.interval < filled.interval);
    CHECK(dealt.latency < filled.latency);
    // All 131 windows of the slowest tile: 8 steps for each of 16 groups of rows, window and sums.
    CHECK(dealt.interval > 131 * 8 * 9);
}

TEST_CASE("integer optimum of the interval against averaged occupancy, isaac-baseline") {
    const Machine isaac = machine("isaac-baseline");
    const std::int64_t crossbars = 768 * 16;
    const struct {
        const char* name;
        std::int64_t windows;
        double ratio;
    } cases[] = {{"resnet18", 49, 1.25}, {"resnet34", 98, 1.28}, {"resnet50", 131, 1.49}, {"resnet101", 392, 2.42}};
    for (const auto& c : cases) {
        INFO(c.name);
        const std::vector<TileReads> reads = windows_of(shapes_of(c.name), isaac);
        CHECK(least_time(reads, crossbars) == c.windows);
        CHECK(static_cast<double>(c.windows) / averaged(reads, crossbars) == Approx(c.ratio).margin(0.005));
    }
    CHECK(averaged(windows_of(shapes_of("resnet18"), isaac), crossbars) == Approx(39.1).margin(0.05));
    CHECK_FALSE(least_time(windows_of(shapes_of("vgg16"), isaac), crossbars));  // fills 2.75 chips
}

TEST_CASE("interval of ResNet18 on machine-h, if each read took a full crossbar's time") {
    const Machine h = machine("machine-h");
    const auto windows = least_time(windows_of(shapes_of("resnet18"), h), 64 * 64);
    REQUIRE(windows);
    CHECK(static_cast<double>(*windows) * 5168e-6 == Approx(0.253).margin(0.0005));
}

TEST_CASE("bounds of ResNet18 on isaac-baseline: L0's port, which every byte of image and scores passes twice") {
    const QuantGraph network = shapes_of("resnet18");
    Machine isaac = machine("isaac-baseline");
    isaac.mode = cim::hw::ComputingMode::XBM;  // crossbars filled
    const Bounds bounds = bounds_of(network, isaac, 1, 1);
    CHECK(bounds.residence == Residence::Resident);
    CHECK(bounds.interval == 2 * (224 * 224 * 3 + 1000) * 8 / 384);
    // Crossbars alone: 49 windows of a full tile, whose window and sums take a cycle each; smaller tiles read faster.
    const auto crossbars = least_time(tile_reads(network, isaac), 768 * 16);
    REQUIRE(crossbars);
    CHECK(*crossbars < bounds.interval);
    CHECK(*crossbars > 39 * (128 + 2));
    // Behind the last byte of the image: at least conv1, 16 residual convolutions, the dense layer.
    CHECK(bounds.latency > 2 * 224 * 224 * 3 * 8 / 384 + 18 * 24);
}

TEST_CASE("bounds of weights that are written during the run") {
    const QuantGraph network = shapes_of("resnet34");
    const Machine isaac = machine("isaac-baseline");
    const Bounds resident = bounds_of(network, isaac, 1, 1);
    const Bounds rewritten = bounds_of(network, isaac, 3, 1);
    CHECK(rewritten.residence == Residence::Rewritten);
    CHECK(rewritten.interval < resident.interval);
    CHECK(bounds_of(network, isaac, 3, 8).interval < rewritten.interval);  // weights are written once for all images
    CHECK(bounds_of(network, machine("puma"), 1, 1).residence == Residence::Rewritten);
}

TEST_CASE("a write holds its crossbar from the burst out of external memory on") {
    // 256 -> 128, one window: 16 tiles on the two crossbars of a core of jain2021.
    QuantGraph network;
    for (const int channels : {256, 128}) {
        QuantTensor tensor;
        tensor.shape = {1, 1, channels};
        network.tensors.push_back(tensor);
    }
    QuantNode node;
    node.inputs = {0};
    node.output = 1;
    node.rows = 256;
    node.cols = 128;
    network.nodes = {node};
    network.inputs = {0};
    network.outputs = {1};
    Machine jain = machine("jain2021");
    jain.chip.cores = {1, 1};
    // Window in, 8 input bits of 8 groups of rows with 4 conversions each, shift-add, sums out: docs/timing.md.
    const std::int64_t read = (1 + 8) + 8 * 8 * (1 + 4) + 1 + (1 + 1);
    // 2,048 bytes at 16 a cycle after 10 cycles, as 256 flits over the switch, 256 rows.
    const std::int64_t write = (10 + 128) + 256 + 256;
    CHECK(bounds_of(network, jain, 2, 1).interval == 16 * (read + write) / 2);
}

TEST_CASE("bounds of a chain, by hand") {
    // Two dense layers of one tile each on puma: 100 -> 20 -> 10, one window.
    QuantGraph network;
    for (const int channels : {100, 20, 10}) {
        QuantTensor tensor;
        tensor.shape = {1, 1, channels};
        network.tensors.push_back(tensor);
    }
    for (int i = 0; i < 2; ++i) {
        QuantNode node;
        node.inputs = {i};
        node.output = i + 1;
        node.rows = network.tensors[static_cast<std::size_t>(i)].shape.c;
        node.cols = network.tensors[static_cast<std::size_t>(i) + 1].shape.c;
        network.nodes.push_back(node);
    }
    network.inputs = {0};
    network.outputs = {2};
    Machine two = machine("puma");  // crossbars: there is no room for more and smaller tiles
    two.chip.cores = {1, 1};
    const Bounds bounds = bounds_of(network, two, 1, 1);
    // Window in, 8 input bits of a read and 4 samples a column, sums out: docs/timing.md.
    const auto port = [](std::int64_t bytes, std::int64_t bits) { return 1 + ceil_div(8 * bytes, bits); };
    const std::int64_t first = port(100, 128) + 8 * (16 + 80) + port(80, 128);
    const std::int64_t second = port(20, 128) + 8 * (16 + 40) + port(40, 128);
    CHECK(bounds.interval == first);
    // A byte through external memory and L0; requantising an element: operands in, ALU, result out.
    const std::int64_t fetch = 100 + 1 + 2 + 1;
    const std::int64_t requant = 2 + 2 + 2;
    CHECK(bounds.latency == fetch + first + requant + second + requant + fetch);
}
