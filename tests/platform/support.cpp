#include "tests/platform/support.h"

#include "isa/text/parse.h"

namespace cim::test {

namespace {

/// Values one after another, as bytes to compare.
class Bytes {
  public:
    template <typename T>
    void value(const T& v) {
        raw(&v, sizeof v);
    }
    template <typename T>
    void list(const std::vector<T>& v) {
        value(v.size());
        raw(v.data(), v.size() * sizeof(T));
    }
    void text(const std::string& s) {
        value(s.size());
        raw(s.data(), s.size());
    }
    const std::string& all() const { return bytes_; }

  private:
    void raw(const void* at, std::size_t n) { bytes_.append(static_cast<const char*>(at), n); }
    std::string bytes_;
};

void timing(Bytes& b, const Outcome& o) {
    b.value(o.setup_ticks);
    b.value(o.ticks);
    b.list(o.operators);
    b.list(o.engines);
    b.list(o.place_events);
    b.value(o.setup_events);
    b.list(o.operations);
    b.list(o.crossbar_busy);
    b.list(o.image_ends);
    b.list(o.power);
    b.value(o.multiply_accumulates);
    b.value(o.most_writes);
    b.value(o.link_names.size());
    for (const std::string& name : o.link_names) {
        b.text(name);
    }
    b.list(o.link_busy);
    b.text(o.deadlock);
}

class Recorder final : public platform::Observer {
  public:
    explicit Recorder(std::vector<Trace>& to) : to_(to) {}
    void engine(Ticks at, int place, isa::Engine engine, int op) override {
        add(at, Trace::Kind::Engine, place, static_cast<int>(engine), op);
    }
    void crossbars(Ticks at, int core, int active, int rows) override { add(at, Trace::Kind::Crossbars, core, active, rows); }
    void crossbar(Ticks at, int core, int xb, int op) override { add(at, Trace::Kind::Crossbar, core, xb, op); }
    void port(Ticks at, int memory, bool busy) override { add(at, Trace::Kind::Port, memory, 0, busy ? 1 : 0); }
    void link(Ticks at, int link, bool busy) override { add(at, Trace::Kind::Link, link, 0, busy ? 1 : 0); }
    void counter(Ticks at, isa::Index counter, std::int64_t value) override {
        add(at, Trace::Kind::Counter, counter, 0, static_cast<std::int32_t>(value));
    }

  private:
    void add(Ticks at, Trace::Kind kind, int where, int what, std::int32_t value) { to_.push_back({at, kind, where, what, value}); }
    std::vector<Trace>& to_;
};

void take(Outcome& o, platform::SimulationResult&& r) {
    platform::Statistics& s = r.statistics;
    o.setup_ticks = r.setup_ticks;
    o.ticks = r.ticks;
    o.operators = std::move(s.operators);
    o.engines = std::move(s.engines);
    o.place_events = std::move(s.place_events);
    o.setup_events = r.setup_events;
    o.operations = std::move(s.operations);
    o.crossbar_busy = std::move(s.crossbar_busy);
    o.image_ends = std::move(s.image_ends);
    o.power = s.power.energy();
    o.multiply_accumulates = s.multiply_accumulates;
    o.most_writes = s.most_writes;
    o.adc = s.adc;
    o.outputs = std::move(r.outputs);
    o.link_names = std::move(r.link_names);
    o.link_busy = std::move(r.link_busy);
    o.deadlock = std::move(r.deadlock);
}

}  // namespace

Outcome run(const isa::Program& program, const hw::Machine& machine, const RunOptions& options,
            const std::vector<std::vector<std::uint8_t>>& inputs) {
    Outcome outcome;
    Recorder recorder(outcome.trace);
    platform::SimulationOptions simulation;
    simulation.functional = options.functional;
    simulation.batch = options.batch;
    simulation.observer = options.trace ? &recorder : nullptr;
    take(outcome, platform::simulate(program, machine, simulation, inputs));
    return outcome;
}

std::string timing_of(const Outcome& outcome) {
    Bytes bytes;
    timing(bytes, outcome);
    return bytes.all();
}

std::string all_of(const Outcome& outcome) {
    Bytes bytes;
    timing(bytes, outcome);
    bytes.value(outcome.adc);
    bytes.value(outcome.outputs.size());
    for (const std::vector<std::uint8_t>& output : outcome.outputs) {
        bytes.list(output);
    }
    bytes.list(outcome.trace);
    return bytes.all();
}

isa::Program program_of(const std::string& text) {
    isa::Program program = isa::parse_text(text, "test.mop");
    for (isa::Weight& weight : program.weights) {
        weight.values.resize(static_cast<std::size_t>(weight.rows) * static_cast<std::size_t>(weight.cols));
        for (std::size_t i = 0; i < weight.values.size(); ++i) {
            weight.values[i] = static_cast<std::int16_t>(i % 127 + 1);
        }
    }
    for (isa::Param& param : program.params) {
        param.scale.assign(param.scale.size(), 1.0F);
        param.negative_scale = param.scale;
    }
    return program;
}

}  // namespace cim::test
