#include "hw_models/timing/price.h"

#include <algorithm>

#include "hw_models/crossbar/weight_encoder.h"

namespace cim::hw {

namespace {

std::int64_t ceil_div(std::int64_t a, std::int64_t b) {
    return (a + b - 1) / b;
}

/// ALU operations an element and term (docs/timing.md).
std::int64_t alu_operations(AluWork work, std::int64_t n, std::int64_t terms) {
    switch (work) {
        case AluWork::Fill: return n;
        case AluWork::Sum: return n * terms;
        case AluWork::ShiftAdd: return 2 * n * terms;
        case AluWork::Requant: return 3 * n + (terms > 1 ? n * terms : 0);  // sums; bias, scale, clamp; the sign selects the scale
        case AluWork::Max: return n * terms;
        case AluWork::Average: return n * terms + 3 * n;  // sum of the taps, then zero point, scale, clamp
        case AluWork::Clip: return n;
        case AluWork::Add: return 4 * n;    // two scalings, sum, clamp
        case AluWork::Mul: return 5 * n;    // two zero points, product, scale, clamp
        case AluWork::PRelu: return 3 * n;  // zero point, scale, clamp; the sign selects the scale
        case AluWork::Lut: return n;
        case AluWork::Softmax: return 4 * n;  // maximum, exponential, sum, division
    }
    return n;
}

}  // namespace

Ticks OpCost::stage_ticks() const {
    Ticks total = 0;
    for (std::size_t i = 0; i < stage_count; ++i) {
        total += stages[i].ticks;
    }
    return total;
}

Ticks OpCost::ticks_on(Resource resource) const {
    Ticks total = 0;
    for (std::size_t i = 0; i < stage_count; ++i) {
        total += stages[i].resource == resource ? stages[i].ticks : 0;
    }
    return total;
}

Ticks OpCost::sync_ticks() const {
    return std::max(issue_ticks, stage_ticks());
}

void OpCost::add_stage(Resource resource, Ticks ticks, bool write, std::int64_t flits) {
    stages[stage_count++] = {ticks, flits, resource, write};
}

void OpCost::add_event(Event event, std::int64_t count) {
    if (count > 0) {
        events[this->event_count++] = {event, count};
    }
}

double picojoules(const OpCost& cost, const std::array<double, event_count>& event_pj) {
    double pj = 0;
    for (std::size_t i = 0; i < cost.event_count; ++i) {
        pj += static_cast<double>(cost.events[i].count) * event_pj[static_cast<std::size_t>(cost.events[i].event)];
    }
    return pj;
}

PriceList::PriceList(const Machine& machine)
    : m_(machine), noc_(make_noc(machine)), fixed_groups_(encoder_of(machine.crossbar.encoding).inverts()) {
    for (int bits = 1; bits <= 16; ++bits) {
        const auto i = static_cast<std::size_t>(bits);
        samples_[i] = machine.samples(bits);
        columns_[i] = machine.columns(bits);
        input_steps_[i] = machine.input_steps(bits);
    }
}
PriceList::~PriceList() = default;

OpCost PriceList::start(int core) const {
    OpCost cost;
    const bool on_core = core >= 0;
    const ControlSpec& control = on_core ? m_.core.control : m_.chip.control;
    const Clock& clock = on_core ? m_.core_clock : m_.chip_clock;
    cost.issue_ticks = std::max<Ticks>(1, control.issue_latency * clock.ticks_per_cycle);
    cost.add_event(on_core ? Event::CoreIssue : Event::ChipIssue, 1);
    return cost;
}

Ticks PriceList::port_ticks(const BufferSpec& spec, const Clock& clock, std::int64_t bytes) const {
    const Cycles transfer = spec.bandwidth.ideal ? 0 : ceil_div(bytes * 8, spec.bandwidth.value);
    return (spec.latency + transfer) * clock.ticks_per_cycle;
}

Ticks PriceList::external_ticks(std::int64_t bytes) const {
    const ExternalMemorySpec& spec = m_.chip.external_memory;
    const Cycles transfer = spec.bandwidth.ideal ? 0 : ceil_div(bytes * 8, spec.bandwidth.value);
    return (spec.latency + transfer) * m_.chip_clock.ticks_per_cycle;
}

std::int64_t PriceList::flits(const NocSpec& spec, std::int64_t bytes) const {
    return std::max<std::int64_t>(1, ceil_div(bytes * 8, spec.flit_bits));
}

void PriceList::add_local(OpCost& cost, int core, std::int64_t bytes, bool write) const {
    if (bytes <= 0) {
        return;
    }
    if (core >= 0) {
        cost.add_stage(Resource::L1Port, port_ticks(m_.core.l1, m_.core_clock, bytes), write);
        cost.add_event(write ? Event::L1WriteByte : Event::L1ReadByte, bytes);
    } else {
        cost.add_stage(Resource::L0Port, port_ticks(m_.chip.l0, m_.chip_clock, bytes), write);
        cost.add_event(write ? Event::L0WriteByte : Event::L0ReadByte, bytes);
    }
}

void PriceList::add_noc(OpCost& cost, int src, int dst, std::int64_t bytes) const {
    if (src == dst) {
        return;
    }
    const std::int64_t n = flits(m_.chip.noc, bytes);
    cost.src_node = src;
    cost.dst_node = dst;
    cost.add_stage(Resource::Noc, noc_->uncontended(src, dst, n), false, n);
    cost.add_event(Event::NocFlitHop, n * noc_->hops(src, dst));
}

void PriceList::add_core_noc(OpCost& cost, int from, int to, std::int64_t bytes) const {
    if (m_.core.noc.model != "cost-matrix") {
        return;
    }
    const std::int64_t n = flits(m_.core.noc, bytes);
    const Cycles cycles = n * m_.core.noc.cost[static_cast<std::size_t>(from)][static_cast<std::size_t>(to)];
    cost.add_stage(Resource::Crossbar, cycles * m_.core_clock.ticks_per_cycle);
    cost.add_event(Event::CoreNocFlit, n);
}

std::int64_t PriceList::steps(int rows, int input_bits, int first_row) const {
    const int group = m_.crossbar.parallel_row;
    const int before = fixed_groups_ ? first_row % group : 0;
    return input_steps_[static_cast<std::size_t>(input_bits)] * ceil_div(before + rows, group);
}

Ticks PriceList::mvm_ticks(int rows, int cols, int input_bits, int weight_bits, int first_row) const {
    const CrossbarSpec& x = m_.crossbar;
    const std::int64_t n = steps(rows, input_bits, first_row);
    const std::int64_t samples = static_cast<std::int64_t>(cols) * samples_[static_cast<std::size_t>(weight_bits)];
    const Cycles convert = ceil_div(samples, x.adc.count) * x.adc.sample_latency;
    // Two-stage pipeline: the first read fills it, the last conversion drains it.
    const Cycles cycles =
        x.pipelined ? x.read_latency + (n - 1) * std::max(x.read_latency, convert) + convert : n * (x.read_latency + convert);
    return (cycles + x.shift_add.latency) * m_.crossbar_clock.ticks_per_cycle;
}

void PriceList::add_mvm_events(OpCost& cost, int rows, int cols, int input_bits, int weight_bits, int first_row) const {
    const std::int64_t samples =
        static_cast<std::int64_t>(cols) * samples_[static_cast<std::size_t>(weight_bits)] * steps(rows, input_bits, first_row);
    const std::int64_t drives = static_cast<std::int64_t>(rows) * input_steps_[static_cast<std::size_t>(input_bits)];
    cost.add_event(Event::RowRead, drives);
    cost.add_event(Event::DacDrive, drives);
    cost.add_event(Event::AdcSample, samples);
    cost.add_event(Event::ShiftAdd, samples);
}

OpCost PriceList::read(int xb, int rows, int cols, int input_bits, int weight_bits, std::int64_t window_bytes, bool accumulate,
                       int first_row) const {
    OpCost cost = start(0);
    const int l1_node = m_.crossbars_per_core();
    const std::int64_t sum_bytes = 4 * static_cast<std::int64_t>(cols);
    add_local(cost, 0, window_bytes, false);
    add_core_noc(cost, l1_node, xb, window_bytes);
    cost.add_stage(Resource::Crossbar, mvm_ticks(rows, cols, input_bits, weight_bits, first_row));
    add_core_noc(cost, xb, l1_node, sum_bytes);
    if (accumulate) {
        add_local(cost, 0, sum_bytes, false);
    }
    add_local(cost, 0, sum_bytes, true);
    cost.add_event(Event::RegisterByte, window_bytes + sum_bytes);
    add_mvm_events(cost, rows, cols, input_bits, weight_bits, first_row);
    return cost;
}

OpCost PriceList::read_core(const std::vector<Tile>& tiles, int channels, bool requantised, std::int64_t positions,
                            std::int64_t window_bytes) const {
    OpCost cost = start(0);
    Ticks mvm = 0;
    std::int64_t sums = 0;
    for (const Tile& tile : tiles) {
        mvm = std::max(mvm, mvm_ticks(tile.rows, tile.cols, 8, tile.weight_bits));
        sums += tile.cols;
    }
    const std::int64_t operations = sums + (requantised ? alu_operations(AluWork::Requant, channels, 1) : 0);
    const std::int64_t result_bytes = channels * (requantised ? 1 : 4);
    const AluSpec& unit = m_.core.alu;
    const Ticks digital = (unit.latency + (unit.rate.ideal ? 0 : ceil_div(operations, unit.rate.value))) * m_.core_clock.ticks_per_cycle;
    const Ticks in = port_ticks(m_.core.l1, m_.core_clock, window_bytes);
    const Ticks out = port_ticks(m_.core.l1, m_.core_clock, result_bytes);
    const Ticks interval = std::max({mvm, digital, in + out});
    cost.add_stage(Resource::Crossbar, in + mvm + digital + out + (positions - 1) * interval);
    // One activation's events times the positions; the row and sample counts of the tiles add up.
    std::int64_t row_reads = 0;
    std::int64_t samples = 0;
    for (const Tile& tile : tiles) {
        OpCost one;
        add_mvm_events(one, tile.rows, tile.cols, 8, tile.weight_bits);
        row_reads += one.events[0].count;
        samples += one.events[2].count;
    }
    cost.add_event(Event::L1ReadByte, window_bytes * positions);
    cost.add_event(Event::L1WriteByte, result_bytes * positions);
    cost.add_event(Event::RegisterByte, (window_bytes + 4 * sums) * positions);
    cost.add_event(Event::CoreAluOp, operations * positions);
    cost.add_event(Event::RowRead, row_reads * positions);
    cost.add_event(Event::DacDrive, row_reads * positions);
    cost.add_event(Event::AdcSample, samples * positions);
    cost.add_event(Event::ShiftAdd, samples * positions);
    return cost;
}

OpCost PriceList::write(int core, int rows, int cols, int weight_bits, std::int64_t bytes) const {
    OpCost cost = start(core);
    cost.add_stage(Resource::External, external_ticks(bytes));
    cost.add_event(Event::ExternalReadByte, bytes);
    add_noc(cost, m_.core_count(), core, bytes);
    cost.add_stage(Resource::Crossbar, rows * m_.device.write_latency * m_.crossbar_clock.ticks_per_cycle);
    cost.add_event(Event::CellWrite, static_cast<std::int64_t>(rows) * cols * columns_[static_cast<std::size_t>(weight_bits)]);
    return cost;
}

OpCost PriceList::alu(int core, AluWork work, std::int64_t n, std::int64_t terms, std::int64_t bytes_read,
                      std::int64_t bytes_written) const {
    OpCost cost = start(core);
    const bool on_core = core >= 0;
    const AluSpec& unit = on_core ? m_.core.alu : m_.chip.alu;
    const Clock& clock = on_core ? m_.core_clock : m_.chip_clock;
    const std::int64_t operations = alu_operations(work, n, terms);
    add_local(cost, core, bytes_read, false);
    cost.add_stage(Resource::Alu, (unit.latency + (unit.rate.ideal ? 0 : ceil_div(operations, unit.rate.value))) * clock.ticks_per_cycle);
    add_local(cost, core, bytes_written, true);
    cost.add_event(on_core ? Event::CoreAluOp : Event::ChipAluOp, operations);
    return cost;
}

OpCost PriceList::fetch(std::int64_t bytes) const {
    OpCost cost = start(-1);
    cost.add_stage(Resource::External, external_ticks(bytes));
    cost.add_event(Event::ExternalReadByte, bytes);
    add_local(cost, -1, bytes, true);
    return cost;
}

OpCost PriceList::flush(std::int64_t bytes) const {
    OpCost cost = start(-1);
    add_local(cost, -1, bytes, false);
    cost.add_stage(Resource::External, external_ticks(bytes), true);
    cost.add_event(Event::ExternalWriteByte, bytes);
    return cost;
}

OpCost PriceList::load(int core, std::int64_t bytes) const {
    OpCost cost = start(core);
    add_local(cost, -1, bytes, false);
    add_noc(cost, m_.core_count(), core, bytes);
    add_local(cost, core, bytes, true);
    return cost;
}

OpCost PriceList::store(int core, std::int64_t bytes) const {
    OpCost cost = start(core);
    add_local(cost, core, bytes, false);
    add_noc(cost, core, m_.core_count(), bytes);
    add_local(cost, -1, bytes, true);
    return cost;
}

Ticks PriceList::gate_ticks(const OpCost& cost, Resource memory) const {
    Ticks gate = cost.ticks_on(memory);
    const bool links = !noc_->link_names().empty();
    for (std::size_t i = 0; links && i < cost.stage_count; ++i) {
        gate = std::max(gate, cost.stages[i].flits * m_.chip_clock.ticks_per_cycle);
    }
    return gate;
}

OpCost PriceList::send(int from, int to, std::int64_t bytes) const {
    OpCost cost = start(from);
    add_local(cost, from, bytes, false);
    add_noc(cost, from, to, bytes);
    if (from == to) {
        add_local(cost, from, bytes, true);
    } else {
        cost.add_stage(Resource::RemoteL1Port, port_ticks(m_.core.l1, m_.core_clock, bytes), true);
        cost.add_event(Event::L1WriteByte, bytes);
    }
    return cost;
}

OpCost PriceList::copy(int core, std::int64_t bytes) const {
    OpCost cost = start(core);
    add_local(cost, core, bytes, false);
    add_local(cost, core, bytes, true);
    return cost;
}

}  // namespace cim::hw
