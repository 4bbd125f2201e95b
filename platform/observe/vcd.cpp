#include "platform/observe/vcd.h"

#include <algorithm>
#include <cmath>
#include <set>

#include <fmt/format.h>

#include "hw_models/noc/noc.h"
#include "isa/semantics/programming.h"

namespace cim::platform {

namespace {

/// Short identifier code number n: printable characters, least significant first.
std::string code(std::size_t n) {
    std::string id;
    do {
        id += static_cast<char>('!' + n % 94);
        n /= 94;
    } while (n > 0);
    return id;
}

/// A name as VCD readers take it: no blanks, no brackets, no dots.
std::string plain(std::string name) {
    for (char& c : name) {
        const bool fine = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
        c = fine ? c : '_';
    }
    return name;
}

/// Crossbars that the program programs, by core.
std::map<int, std::set<int>> programmed(const isa::Program& program) {
    std::map<int, std::set<int>> crossbars;
    for (const isa::CrossbarWrite& write : isa::crossbar_writes(program)) {
        crossbars[write.core].insert(write.xb);
    }
    return crossbars;
}

}  // namespace

VcdWriter::VcdWriter(const std::string& path, const isa::Program& program, const hw::Machine& machine)
    : program_(program),
      machine_(machine),
      file_(path),
      units_per_second_(machine.ticks_per_second > 1'000'000'000'000 ? 1'000'000'000'000'000 : 1'000'000'000'000),
      places_(static_cast<std::size_t>(machine.core_count()) + 1),
      active_(static_cast<std::size_t>(machine.core_count()), 0) {
    file_.write(fmt::format("$comment {} on {}, written by cimmlc $end\n$timescale 1 {} $end\n", plain(program.name), plain(machine.name),
                            units_per_second_ == 1'000'000'000'000 ? "ps" : "fs"));
    scope("chip");
    total_active_ = declare("active_crossbars", 32);
    declare_place(machine.core_count(), "controller");
    std::set<int> used;
    for (const isa::Flow& flow : program.flows) {
        if (flow.place != isa::chip) {
            used.insert(flow.place);
        }
    }
    const std::map<int, std::set<int>> crossbars = programmed(program);
    for (const int core : used) {
        CoreSignals& signals = places_[static_cast<std::size_t>(core)];
        declare_place(core, "core" + std::to_string(core));
        scope("core" + std::to_string(core));
        signals.active = declare("active_crossbars", 32);
        signals.rows = declare("active_rows", 32);
        signals.adc = declare("adc_busy", 32);
        signals.port = declare("l1_port", 1);
        if (const auto mine = crossbars.find(core); mine != crossbars.end()) {
            for (const int xb : mine->second) {
                signals.crossbars[xb] = declare("xb" + std::to_string(xb), 1);
            }
        }
        end_scope();
    }
    scope("l0");
    l0_port_ = declare("port", 1);
    end_scope();
    scope("external");
    external_port_ = declare("port", 1);
    end_scope();
    declare_links();
    declare_counters();
    declare_buffers();
    end_scope();
    file_.write("$enddefinitions $end\n#0\n$dumpvars\n");
    for (Signal& signal : signals_) {
        write_value(signal);
    }
    file_.write("$end\n");
    written_ = 0;
}

void VcdWriter::scope(const std::string& name) {
    file_.write(fmt::format("$scope module {} $end\n", name));
}

void VcdWriter::end_scope() {
    file_.write("$upscope $end\n");
}

int VcdWriter::declare(const std::string& name, int width, std::int64_t initial) {
    Signal signal;
    signal.id = code(signals_.size());
    signal.width = width;
    signal.value = signal.written = initial;
    if (width == 0) {
        file_.write(fmt::format("$var string 1 {} {} $end\n", signal.id, name));
    } else {
        file_.write(fmt::format("$var wire {} {} {}{} $end\n", width, signal.id, name, width > 1 ? fmt::format(" [{}:0]", width - 1) : ""));
    }
    signals_.push_back(std::move(signal));
    return static_cast<int>(signals_.size()) - 1;
}

void VcdWriter::declare_place(int place, const std::string& name) {
    scope(name);
    CoreSignals& signals = places_[static_cast<std::size_t>(place)];
    for (int e = 0; e < isa::engine_count; ++e) {
        const auto engine = static_cast<isa::Engine>(e);
        if (place == machine_.core_count() && engine == isa::Engine::Crossbar) {
            continue;
        }
        const std::string text(isa::to_string(engine));
        signals.busy[static_cast<std::size_t>(e)] = declare(text, 1);
        signals.op[static_cast<std::size_t>(e)] = declare(text + "_op", 0, -1);
    }
    end_scope();
}

void VcdWriter::declare_links() {
    const std::vector<std::string> names = hw::make_noc(machine_)->link_names();
    if (names.empty()) {
        return;
    }
    scope("noc");
    for (const std::string& name : names) {
        links_.push_back(declare(plain(name), 1));
    }
    end_scope();
}

void VcdWriter::declare_counters() {
    scope("counters");
    for (const isa::CounterArray& array : program_.counters) {
        for (isa::Index i = 0; i < array.size; ++i) {
            counters_.push_back(declare(plain(array.name) + (array.size > 1 ? "_" + std::to_string(i) : ""), 32));
        }
    }
    end_scope();
}

void VcdWriter::declare_buffers() {
    level_of_.assign(counters_.size(), -1);
    std::map<std::string, std::pair<isa::Index, isa::Index>> arrays;  // first counter and size
    isa::Index base = 0;
    for (const isa::CounterArray& array : program_.counters) {
        arrays[array.name] = {base, array.size};
        base += array.size;
    }
    scope("buffers");
    for (const isa::Buffer& buffer : program_.buffers) {
        const auto filled = arrays.find(buffer.name + ".ready");
        const auto taken = arrays.find(buffer.name + ".sent");
        if (filled == arrays.end() || taken == arrays.end() || filled->second.second != 1) {
            continue;
        }
        const auto number = static_cast<int>(levels_.size());
        levels_.push_back({declare(plain(buffer.name), 32), filled->second.first, taken->second.first, taken->second.second});
        level_of_[static_cast<std::size_t>(filled->second.first)] = number;
        for (isa::Index i = 0; i < taken->second.second; ++i) {
            level_of_[static_cast<std::size_t>(taken->second.first + i)] = number;
        }
    }
    end_scope();
}

std::int64_t VcdWriter::time_of(hw::Ticks tick) const {
    __extension__ using Wide = __int128;
    return static_cast<std::int64_t>(static_cast<Wide>(tick) * units_per_second_ / machine_.ticks_per_second);
}

void VcdWriter::write_value(const Signal& signal) {
    if (signal.width == 0) {
        file_.write(fmt::format("s{} {}\n", signal.value < 0 ? "-" : plain(program_.operators[static_cast<std::size_t>(signal.value)].name),
                                signal.id));
    } else if (signal.width == 1) {
        file_.write(fmt::format("{}{}\n", signal.value, signal.id));
    } else {
        file_.write(fmt::format("b{:b} {}\n", static_cast<std::uint32_t>(signal.value), signal.id));
    }
}

void VcdWriter::set(hw::Ticks at, int index, std::int64_t value) {
    if (index < 0) {
        return;
    }
    if (at != now_) {
        flush();
        now_ = at;
    }
    Signal& signal = signals_[static_cast<std::size_t>(index)];
    signal.value = value;
    if (!signal.dirty) {
        signal.dirty = true;
        dirty_.push_back(index);
    }
}

/// Writes what differs at the end of the tick: a signal that went and came back within it has not changed.
void VcdWriter::flush() {
    for (const int index : dirty_) {
        Signal& signal = signals_[static_cast<std::size_t>(index)];
        signal.dirty = false;
        if (signal.value == signal.written) {
            continue;
        }
        if (written_ != now_) {
            file_.write(fmt::format("#{}\n", time_of(now_)));
            written_ = now_;
        }
        signal.written = signal.value;
        write_value(signal);
    }
    dirty_.clear();
}

void VcdWriter::engine(hw::Ticks at, int place, isa::Engine engine, int op) {
    const CoreSignals& signals = places_[static_cast<std::size_t>(place)];
    set(at, signals.busy[static_cast<std::size_t>(engine)], op >= 0 ? 1 : 0);
    set(at, signals.op[static_cast<std::size_t>(engine)], op);
}

void VcdWriter::crossbars(hw::Ticks at, int core, int active, int rows) {
    const CoreSignals& signals = places_[static_cast<std::size_t>(core)];
    int& before = active_[static_cast<std::size_t>(core)];
    const std::int64_t total = signals_[static_cast<std::size_t>(total_active_)].value + active - before;
    before = active;
    set(at, total_active_, total);
    set(at, signals.active, active);
    set(at, signals.rows, rows);
    set(at, signals.adc, static_cast<std::int64_t>(active) * machine_.crossbar.adc.count);
}

void VcdWriter::crossbar(hw::Ticks at, int core, int xb, int op) {
    const CoreSignals& signals = places_[static_cast<std::size_t>(core)];
    const auto known = signals.crossbars.find(xb);
    set(at, known == signals.crossbars.end() ? -1 : known->second, op >= 0 ? 1 : 0);
}

void VcdWriter::port(hw::Ticks at, int memory, bool busy) {
    const int cores = machine_.core_count();
    const int signal = memory < cores ? places_[static_cast<std::size_t>(memory)].port : (memory == cores ? l0_port_ : external_port_);
    set(at, signal, busy ? 1 : 0);
}

void VcdWriter::link(hw::Ticks at, int link, bool busy) {
    set(at, links_[static_cast<std::size_t>(link)], busy ? 1 : 0);
}

void VcdWriter::counter(hw::Ticks at, isa::Index counter, std::int64_t value) {
    const auto current = [&](isa::Index c) { return signals_[static_cast<std::size_t>(counters_[static_cast<std::size_t>(c)])].value; };
    set(at, counters_[static_cast<std::size_t>(counter)], value);
    if (const int number = level_of_[static_cast<std::size_t>(counter)]; number >= 0) {
        const Level& level = levels_[static_cast<std::size_t>(number)];
        std::int64_t taken = current(level.taken);
        for (isa::Index i = 1; i < level.takers; ++i) {
            taken = std::min(taken, current(level.taken + i));
        }
        // A sender may have told beforehand that it does not need what is to come.
        set(at, level.signal, std::max<std::int64_t>(0, current(level.filled) - taken));
    }
}

void VcdWriter::finish(hw::Ticks end) {
    flush();
    if (end > written_) {
        file_.write(fmt::format("#{}\n", time_of(end)));
    }
    file_.finish();
}

std::string VcdWriter::save_file(const std::string& vcd, hw::Ticks end) const {
    // GTKWave's zoom is minus the binary logarithm of the time in 200 pixels; about 960 pixels show waves in a window of this size.
    constexpr double steps = 960.0 / 200.0;
    const double zoom = -std::log2(std::max(1.0, static_cast<double>(time_of(end)) / steps));
    std::string text = fmt::format(
        "[dumpfile] \"{}\"\n[timestart] 0\n[size] 1600 1000\n[pos] -1 -1\n*{:.6f} 0 -1 -1\n[sst_width] 180\n[signals_width] "
        "300\n[sst_expanded] 1\n",
        vcd, zoom);
    const auto blank = [&](const std::string& title) { text += fmt::format("@200\n-{}\n", title); };
    const auto show = [&](const char* flags, const std::string& alias, const std::string& name) {
        text += fmt::format("@{}\n+{{{}}} {}\n", flags, alias, name);
    };
    const auto bit = [&](const std::string& alias, const std::string& name) { show("28", alias, name); };
    const auto number = [&](const std::string& alias, const std::string& name) { show("24", alias, name + "[31:0]"); };
    const auto words = [&](const std::string& alias, const std::string& name) { show("22", alias, name); };
    blank("whole chip");
    show("8420", "crossbars at work", "chip.active_crossbars[31:0]");
    text += "@20000\n-\n-\n";
    bit("external memory port", "chip.external.port");
    bit("L0 port", "chip.l0.port");
    words("controller move", "chip.controller.move_op");
    words("controller alu", "chip.controller.alu_op");
    for (std::size_t op = 0; op < program_.operators.size(); ++op) {
        std::map<int, std::set<isa::Engine>> places;
        for (const isa::Flow& flow : program_.flows) {
            if (flow.op == static_cast<isa::Index>(op) && flow.segment != isa::setup && flow.place != isa::chip) {
                places[flow.place].insert(flow.engine);
            }
        }
        if (places.empty()) {
            continue;
        }
        const int core = places.begin()->first;
        blank(fmt::format("{} ({} core{})", program_.operators[op].name, places.size(), places.size() == 1 ? "" : "s"));
        const std::string scope = fmt::format("chip.core{}.", core);
        for (const isa::Engine engine : places.begin()->second) {
            const std::string name(isa::to_string(engine));
            words(fmt::format("core{} {}", core, name), scope + name + "_op");
        }
        if (places.begin()->second.count(isa::Engine::Crossbar) > 0) {
            number(fmt::format("core{} crossbars at work", core), scope + "active_crossbars");
            number(fmt::format("core{} rows active", core), scope + "active_rows");
            bit(fmt::format("core{} L1 port", core), scope + "l1_port");
        }
    }
    return text;
}

}  // namespace cim::platform
