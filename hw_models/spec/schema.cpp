#include "hw_models/spec/schema.h"

#include <utility>

#include "hw_models/device/traits.h"

namespace cim::hw {
namespace {

constexpr std::int64_t most_cycles = 1'000'000'000;
constexpr std::int64_t most_bytes = std::int64_t{1} << 46;
constexpr std::int64_t most_rate = std::int64_t{1} << 30;
constexpr std::int64_t most_price = 1'000'000'000'000;
constexpr std::int64_t most_nodes = 65'536;
constexpr std::int64_t most_writes = 1'000'000'000'000'000'000;

/// Reaches a part of the machine.
template <class T>
using Part = std::function<T&(Machine&)>;

template <class Whole, class T>
Part<T> sub(const Part<Whole>& whole, T Whole::*member) {
    return [=](Machine& m) -> T& { return whole(m).*member; };
}

template <class T>
Slot slot_of(T& member) {
    return &member;
}
Slot slot_of(Grid& grid) {
    return GridRef{&grid.rows, &grid.cols};
}

/// Builds the table. `enter` opens a section; keys are named relative to it and inherit its clock and its conditions.
class Table {
  public:
    Key& enter(const std::string& path, const std::string& doc, ClockDomain clock) {
        section_ = path;
        clock_ = clock;
        Key& key = push(Kind::Section, path, doc);
        const std::size_t dot = path.rfind('.');
        inherit(key, dot == std::string::npos ? "" : path.substr(0, dot));
        return key;
    }

    template <class Whole, class T>
    Key& add(Kind kind, const std::string& name, const Part<Whole>& whole, T Whole::*member, const std::string& doc) {
        Key& key = push(kind, section_.empty() ? name : section_ + "." + name, doc);
        const Part<T> part = sub(whole, member);
        key.slot = [part](Machine& m) { return slot_of(part(m)); };
        inherit(key, section_);
        return key;
    }

    template <class Whole, class T>
    Key& quantity(const std::string& name, const Part<Whole>& whole, T Whole::*member, Dimension dimension, std::int64_t min,
                  std::int64_t max, const std::string& doc) {
        Key& key = add(Kind::Quantity, name, whole, member, doc);
        key.dimension = dimension;
        key.min = min;
        key.max = max;
        return key;
    }

    /// A quantity that may be `ideal`: a price, or a limit that need not be.
    template <class Whole, class T>
    Key& price(const std::string& name, const Part<Whole>& whole, T Whole::*member, Dimension dimension, const std::string& doc,
               std::int64_t min = 0, std::int64_t max = most_price) {
        Key& key = quantity(name, whole, member, dimension, min, max, doc);
        key.may_be_ideal = true;
        return key;
    }

    template <class Whole>
    Key& latency(const std::string& name, const Part<Whole>& whole, Cycles Whole::*member, const std::string& doc) {
        return price(name, whole, member, Dimension::Time, doc, 0, most_cycles);
    }

    template <class Whole, class T>
    Key& choice(const std::string& name, const Part<Whole>& whole, T Whole::*member, std::vector<std::string> choices,
                const std::string& doc) {
        Key& key = add(Kind::Choice, name, whole, member, doc);
        key.choices = std::move(choices);
        return key;
    }

    template <class Whole, class T>
    Key& integer(const std::string& name, const Part<Whole>& whole, T Whole::*member, std::int64_t min, std::int64_t max,
                 const std::string& doc, Kind kind = Kind::Integer) {
        Key& key = add(kind, name, whole, member, doc);
        key.min = min;
        key.max = max;
        return key;
    }

    void fixed(const Part<StaticPrice>& part, const std::string& of) {
        price("leakage", part, &StaticPrice::leakage_mw, Dimension::Power, "leakage of " + of);
        price("area", part, &StaticPrice::area_mm2, Dimension::Area, "area of " + of);
    }

    std::vector<Key> take() { return std::move(keys_); }

  private:
    Key& push(Kind kind, const std::string& path, const std::string& doc) {
        Key key;
        key.path = path;
        key.kind = kind;
        key.doc = doc;
        key.clock = clock_;
        keys_.push_back(std::move(key));
        return keys_.back();
    }

    void inherit(Key& key, const std::string& section) {
        for (const Key& other : keys_) {
            if (other.kind == Kind::Section && other.path == section) {
                key.when = other.when;
            }
        }
    }

    std::string section_;
    ClockDomain clock_ = ClockDomain::None;
    std::vector<Key> keys_;
};

void only(Key& key, const std::string& path, std::vector<std::string> values) {
    key.when.push_back({When::Test::Equals, path, std::move(values)});
}

void add_clocks(Table& t) {
    const Part<Machine> machine = [](Machine& m) -> Machine& { return m; };
    t.enter("clocks", "clocks of the tiers; times in seconds are rounded up to whole cycles of them", ClockDomain::None);
    constexpr std::int64_t most_hertz = 1'000'000'000'000;
    t.quantity("chip", machine, &Machine::chip_clock, Dimension::Frequency, 1, most_hertz, "NoC, L0, chip ALU, external memory");
    t.quantity("core", machine, &Machine::core_clock, Dimension::Frequency, 1, most_hertz, "crossbar network, L1 and ALU of a core");
    t.quantity("crossbar", machine, &Machine::crossbar_clock, Dimension::Frequency, 1, most_hertz, "crossbars and their converters");
}

void add_buffer(Table& t, const std::string& path, ClockDomain clock, const Part<BufferSpec>& part, const std::string& of) {
    t.enter(path, of, clock);
    t.choice("model", part, &BufferSpec::model, {"single-port"}, "one access at a time");
    t.price("size", part, &BufferSpec::size, Dimension::Size, "capacity", 1, most_bytes);
    t.price("bandwidth", part, &BufferSpec::bandwidth, Dimension::Bandwidth, "rate of the port; ideal: no time, no contention", 1,
            most_rate);
    t.latency("latency", part, &BufferSpec::latency, "added once an access");
    t.price("read_energy", part, &BufferSpec::read_pj_per_byte, Dimension::EnergyPerByte, "a byte read");
    t.price("write_energy", part, &BufferSpec::write_pj_per_byte, Dimension::EnergyPerByte, "a byte written");
    t.fixed(sub(part, &BufferSpec::fixed), "the buffer");
}

void add_alu(Table& t, const std::string& path, ClockDomain clock, const Part<AluSpec>& part) {
    t.enter(path, "digital unit", clock);
    t.choice("model", part, &AluSpec::model, {"simd"}, "`rate` operations of one kind a cycle");
    t.price("rate", part, &AluSpec::rate, Dimension::OperationRate, "elementary operations a cycle", 1, most_rate);
    t.latency("latency", part, &AluSpec::latency, "added once a meta-operator");
    t.price("op_energy", part, &AluSpec::op_pj, Dimension::Energy, "one elementary operation");
    t.fixed(sub(part, &AluSpec::fixed), "the unit");
}

void add_control(Table& t, const std::string& path, ClockDomain clock, const Part<ControlSpec>& part) {
    t.enter(path, "issue of meta-operators", clock);
    t.quantity("issue_latency", part, &ControlSpec::issue_latency, Dimension::Time, 1, most_cycles,
               "least time an engine is held by an operation");
    t.price("op_energy", part, &ControlSpec::op_pj, Dimension::Energy, "one meta-operator issued");
    t.fixed(sub(part, &ControlSpec::fixed), "the controller");
}

void add_noc(Table& t, const std::string& path, ClockDomain clock, const Part<NocSpec>& part, bool chip) {
    const std::string model = path + ".model";
    const std::string switched = "disjoint-buffer-switch";
    t.enter(path, chip ? "network between the cores and L0" : "network between the crossbars and L1", clock);
    if (chip) {
        t.choice("model", part, &NocSpec::model, {"ideal", "cost-matrix", switched, "mesh-packet"}, "ideal: transfers take no time here");
    } else {
        t.choice("model", part, &NocSpec::model, {"ideal", "cost-matrix"}, "ideal: transfers take no time here");
    }
    const auto real = [&](Key& key) {
        only(key, model, chip ? std::vector<std::string>{"cost-matrix", switched, "mesh-packet"} : std::vector<std::string>{"cost-matrix"});
    };
    real(t.quantity("flit", part, &NocSpec::flit_bits, Dimension::Width, 1, 65'536, "unit of transfer"));
    if (chip) {
        only(t.quantity("hop_latency", part, &NocSpec::hop_latency, Dimension::Time, 1, most_cycles,
                        "a head flit from router to router, or through the switch"),
             model, {switched, "mesh-packet"});
        only(t.latency("inject_latency", part, &NocSpec::inject_latency, "from a core into its router, and from a router into its core"),
             model, {"mesh-packet"});
        only(t.integer("memory_node", part, &NocSpec::memory_node, 0, most_nodes, "router [row, column] at which L0 is attached",
                       Kind::GridSize),
             model, {"mesh-packet"});
    }
    only(t.integer("cost_matrix", part, &NocSpec::cost, 0, most_cycles,
                   chip ? "cycles a flit from node to node: the cores row-major, then L0"
                        : "cycles a flit from node to node: the crossbars row-major, then L1",
                   Kind::Matrix),
         model, {"cost-matrix"});
    real(t.price("flit_hop_energy", part, &NocSpec::flit_hop_pj, Dimension::Energy, "a flit over one link, or through the switch"));
    const Part<StaticPrice> fixed = sub(part, &NocSpec::fixed);
    real(t.price("leakage", fixed, &StaticPrice::leakage_mw, Dimension::Power, "leakage of one router of a mesh, else of the network"));
    real(t.price("area", fixed, &StaticPrice::area_mm2, Dimension::Area, "area of one router of a mesh, else of the network"));

    Key& cost = t.enter(path + ".cost", "the cost matrix as base + per_hop x Manhattan hops; a node to itself costs nothing", clock);
    only(cost, model, {"cost-matrix"});
    cost.when.push_back({When::Test::NotGiven, path + ".cost_matrix", {}});
    t.latency("base", part, &NocSpec::cost_base, "cycles a flit whatever the distance").hashed = false;
    t.latency("per_hop", part, &NocSpec::cost_per_hop, "cycles a flit for each hop").hashed = false;
    t.integer("memory_node", part, &NocSpec::memory_node, 0, most_nodes,
              chip ? "router [row, column] at which L0 is attached" : "crossbar [row, column] at which L1 is attached", Kind::GridSize)
        .hashed = false;
}

void add_external_memory(Table& t, const Part<ExternalMemorySpec>& part) {
    t.enter("chip.external_memory", "memory outside the chip", ClockDomain::Chip);
    t.choice("model", part, &ExternalMemorySpec::model, {"fixed-latency"}, "latency plus bytes over bandwidth");
    t.price("size", part, &ExternalMemorySpec::size, Dimension::Size, "capacity", 1, most_bytes);
    t.price("bandwidth", part, &ExternalMemorySpec::bandwidth, Dimension::Bandwidth, "rate of the port", 1, most_rate);
    t.latency("latency", part, &ExternalMemorySpec::latency, "added once an access");
    t.price("read_energy", part, &ExternalMemorySpec::read_pj_per_byte, Dimension::EnergyPerByte, "a byte read");
    t.price("write_energy", part, &ExternalMemorySpec::write_pj_per_byte, Dimension::EnergyPerByte, "a byte written");
    t.price("standby", part, &ExternalMemorySpec::standby_mw, Dimension::Power, "power while nothing is accessed");
}

void add_chip(Table& t) {
    const Part<ChipSpec> chip = [](Machine& m) -> ChipSpec& { return m.chip; };
    t.enter("chip", "the chip tier", ClockDomain::Chip);
    t.integer("cores", chip, &ChipSpec::cores, 1, most_nodes, "cores as [rows, columns]", Kind::GridSize);
    t.latency("sync_latency", chip, &ChipSpec::sync_latency, "until a counter signalled from another place is seen");
    add_noc(t, "chip.noc", ClockDomain::Chip, sub(chip, &ChipSpec::noc), true);
    add_buffer(t, "chip.l0", ClockDomain::Chip, sub(chip, &ChipSpec::l0), "buffer of the chip");
    add_alu(t, "chip.alu", ClockDomain::Chip, sub(chip, &ChipSpec::alu));
    add_control(t, "chip.control", ClockDomain::Chip, sub(chip, &ChipSpec::control));
    add_external_memory(t, sub(chip, &ChipSpec::external_memory));
}

void add_cluster(Table& t) {
    const Part<ClusterSpec> cluster = [](Machine& m) -> ClusterSpec& {
        return m.chip.cluster ? *m.chip.cluster : m.chip.cluster.emplace();
    };
    Key& section = t.enter("cluster", "optional tier: cores that share one router", ClockDomain::Chip);
    section.required = false;
    section.when.push_back({When::Test::Given, "cluster", {}});
    t.integer("cores", cluster, &ClusterSpec::cores, 1, most_nodes, "cores of a cluster as [rows, columns]", Kind::GridSize);
    t.fixed(sub(cluster, &ClusterSpec::fixed), "one cluster besides its cores and router");
}

void add_core(Table& t) {
    const Part<CoreSpec> core = [](Machine& m) -> CoreSpec& { return m.core; };
    t.enter("core", "the core tier", ClockDomain::Core);
    t.integer("crossbars", core, &CoreSpec::crossbars, 1, most_nodes, "crossbars as [rows, columns]", Kind::GridSize);
    add_noc(t, "core.noc", ClockDomain::Core, sub(core, &CoreSpec::noc), false);
    add_buffer(t, "core.l1", ClockDomain::Core, sub(core, &CoreSpec::l1), "buffer of a core");
    add_alu(t, "core.alu", ClockDomain::Core, sub(core, &CoreSpec::alu));
    add_control(t, "core.control", ClockDomain::Core, sub(core, &CoreSpec::control));
}

void add_crossbar(Table& t) {
    const ClockDomain clock = ClockDomain::Crossbar;
    const Part<CrossbarSpec> xb = [](Machine& m) -> CrossbarSpec& { return m.crossbar; };
    t.enter("crossbar", "the crossbar tier", clock);
    t.choice("model", xb, &CrossbarSpec::model, {"bit-serial"}, "input slices one after another, weights sliced over columns");
    t.integer("size", xb, &CrossbarSpec::rows, 1, most_nodes, "wordlines and bitlines as [rows, columns]", Kind::GridSize).slot =
        [](Machine& m) {
            return Slot(GridRef{&m.crossbar.rows, &m.crossbar.cols});
        };
    t.integer("parallel_row", xb, &CrossbarSpec::parallel_row, 1, most_nodes, "most wordlines active at once");
    t.quantity("read_latency", xb, &CrossbarSpec::read_latency, Dimension::Time, 1, most_cycles,
               "one activation of a row group with one input slice");
    t.add(Kind::Boolean, "pipelined", xb, &CrossbarSpec::pipelined, "conversion of one activation overlaps the read of the next");
    t.price("row_read_energy", xb, &CrossbarSpec::row_read_pj, Dimension::Energy, "one wordline active in one activation, all its cells");
    t.choice("weight_encoding", xb, &CrossbarSpec::encoding, {"offset", "flipped-offset", "differential", "twos-complement"},
             "offset: weight + 2^(bits-1) in the cells; flipped-offset: columns with large sums inverted, which saves a bit of the ADC; "
             "differential: two columns, subtracted; twos-complement: a column of sign bits that counts negative");
    t.choice("input_encoding", xb, &CrossbarSpec::input_encoding, {"unsigned", "twos-complement"},
             "unsigned: inputs as stored; twos-complement: inputs - 2^(bits-1), the sign bit in a step of its own that counts negative");
    t.fixed(sub(xb, &CrossbarSpec::fixed), "one crossbar's array");

    const Part<DacSpec> dac = sub(xb, &CrossbarSpec::dac);
    t.enter("crossbar.dac", "digital-to-analogue converters, one a row", clock);
    t.integer("bits", dac, &DacSpec::bits, 1, 16, "input bits of one slice");
    t.price("drive_energy", dac, &DacSpec::drive_pj, Dimension::Energy, "one wordline driven once");
    t.fixed(sub(dac, &DacSpec::fixed), "one DAC");

    const Part<AdcSpec> adc = sub(xb, &CrossbarSpec::adc);
    t.enter("crossbar.adc", "analogue-to-digital converters", clock);
    t.choice("model", adc, &AdcSpec::transfer, {"saturate", "uniform"},
             "saturate: one code a unit of sum, clipped; uniform: the largest possible sum spread over all codes");
    t.integer("bits", adc, &AdcSpec::bits, 1, 24, "bits of a sample");
    t.integer("count", adc, &AdcSpec::count, 1, most_nodes, "converters of one crossbar");
    t.latency("sample_latency", adc, &AdcSpec::sample_latency, "one sample; ideal: hidden behind the read");
    t.price("sample_energy", adc, &AdcSpec::sample_pj, Dimension::Energy, "one sample");
    t.fixed(sub(adc, &AdcSpec::fixed), "one ADC");

    const Part<ShiftAddSpec> shift_add = sub(xb, &CrossbarSpec::shift_add);
    t.enter("crossbar.shift_add", "joins the slices of inputs and weights", clock);
    t.latency("latency", shift_add, &ShiftAddSpec::latency, "added once a matrix-vector multiplication");
    t.price("op_energy", shift_add, &ShiftAddSpec::op_pj, Dimension::Energy, "one sample shifted and added");
    t.fixed(sub(shift_add, &ShiftAddSpec::fixed), "one crossbar's unit");

    const Part<RegisterSpec> registers = sub(xb, &CrossbarSpec::registers);
    t.enter("crossbar.registers", "input and output registers", clock);
    t.price("byte_energy", registers, &RegisterSpec::byte_pj, Dimension::EnergyPerByte, "a byte through the registers");
    t.fixed(sub(registers, &RegisterSpec::fixed), "one crossbar's registers");
}

void add_device(Table& t) {
    const Part<DeviceSpec> device = [](Machine& m) -> DeviceSpec& { return m.device; };
    t.enter("device", "the device tier", ClockDomain::Crossbar);
    std::vector<std::string> types;
    std::vector<std::string> worn_types;
    for (const DeviceTraits& traits : devices()) {
        types.push_back(traits.type);
        if (traits.wears) {
            worn_types.push_back(traits.type);
        }
    }
    t.choice("type", device, &DeviceSpec::type, types,
             "what a cell is made of: how many bits it can hold, whether writing wears it, whether it keeps weights without power");
    t.integer("bits_per_cell", device, &DeviceSpec::bits_per_cell, 1, 8, "bits that one cell holds");
    t.latency("write_latency", device, &DeviceSpec::write_latency, "to program one row");
    t.price("cell_write_energy", device, &DeviceSpec::cell_write_pj, Dimension::Energy, "to program one cell");
    only(t.price("endurance", device, &DeviceSpec::endurance, Dimension::Writes, "writes that a cell survives; ideal: any number", 1,
                 most_writes),
         "device.type", worn_types);
}

std::vector<Key> build() {
    const Part<Machine> machine = [](Machine& m) -> Machine& { return m; };
    Table t;
    t.integer("name", machine, &Machine::name, 1, 64, "name of the machine", Kind::Text).hashed = false;
    Key& description = t.integer("description", machine, &Machine::description, 0, 4096, "what the machine is", Kind::Text);
    description.hashed = false;
    description.required = false;
    t.choice("mode", machine, &Machine::mode, {"CM", "XBM", "WLM"},
             "computing mode: control a core (CM), a crossbar (XBM) or a group of wordlines (WLM) at a time");
    add_clocks(t);
    add_chip(t);
    add_cluster(t);
    add_core(t);
    add_crossbar(t);
    add_device(t);
    return t.take();
}

}  // namespace

const std::vector<Key>& schema() {
    static const std::vector<Key> table = build();
    return table;
}

}  // namespace cim::hw
