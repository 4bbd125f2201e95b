#include "tests/platform/support.h"

#include <cstring>
#include <stdexcept>

#include "isa/text/parse.h"

namespace cim::test {

namespace {

/// Writes values one after another, or reads them back in the same order.
class Archive {
  public:
    Archive() = default;
    explicit Archive(std::string bytes) : bytes_(std::move(bytes)), reading_(true) {}
    const std::string& bytes() const { return bytes_; }

    template <typename T>
    void value(T& v) {
        raw(&v, sizeof v);
    }
    template <typename T>
    void list(std::vector<T>& v) {
        std::uint64_t n = v.size();
        value(n);
        v.resize(n);
        raw(v.data(), n * sizeof(T));
    }
    void text(std::string& s) {
        std::uint64_t n = s.size();
        value(n);
        s.resize(n);
        raw(s.data(), n);
    }
    template <typename T, typename F>
    void each(std::vector<T>& v, F f) {
        std::uint64_t n = v.size();
        value(n);
        v.resize(n);
        for (T& item : v) {
            f(item);
        }
    }

  private:
    void raw(void* at, std::size_t n) {
        if (n == 0) {
            return;
        }
        if (!reading_) {
            bytes_.append(static_cast<const char*>(at), n);
            return;
        }
        if (n > bytes_.size() - at_) {
            throw std::runtime_error("a child's answer is too short");
        }
        std::memcpy(at, bytes_.data() + at_, n);
        at_ += n;
    }

    std::string bytes_;
    std::size_t at_ = 0;
    bool reading_ = false;
};

void timing(Archive& a, Outcome& o) {
    a.value(o.setup_ticks);
    a.value(o.ticks);
    a.list(o.operators);
    a.list(o.engines);
    a.list(o.place_events);
    a.list(o.setup_events);
    a.list(o.operations);
    a.list(o.crossbar_busy);
    a.list(o.image_ends);
    a.list(o.power);
    a.value(o.multiply_accumulates);
    a.value(o.most_writes);
    a.each(o.link_names, [&](std::string& s) { a.text(s); });
    a.list(o.link_busy);
    a.text(o.deadlock);
}

void all(Archive& a, Outcome& o) {
    timing(a, o);
    a.value(o.adc);
    a.each(o.outputs, [&](std::vector<std::uint8_t>& bytes) { a.list(bytes); });
    a.list(o.trace);
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
    o.setup_events = {r.setup_events};
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
    Archive received(run_in_child([&] {
        Outcome outcome;
        Recorder recorder(outcome.trace);
        platform::SimulationOptions simulation;
        simulation.functional = options.functional;
        simulation.batch = options.batch;
        simulation.observer = options.trace ? &recorder : nullptr;
        take(outcome, platform::simulate(program, machine, simulation, inputs));
        Archive sent;
        all(sent, outcome);
        return sent.bytes();
    }));
    Outcome outcome;
    all(received, outcome);
    return outcome;
}

std::string timing_of(const Outcome& outcome) {
    Outcome copy = outcome;
    Archive archive;
    timing(archive, copy);
    return archive.bytes();
}

std::string all_of(const Outcome& outcome) {
    Outcome copy = outcome;
    Archive archive;
    all(archive, copy);
    return archive.bytes();
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
