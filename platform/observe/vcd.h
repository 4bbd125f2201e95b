#pragma once
// Waveforms of a run as a VCD (IEEE 1364), written on change, and a GTKWave save file that groups what an architect looks at first.
//
// Scopes: chip { active_crossbars; controller and core<k> { an engine each: busy bit and the operator at work; core: active_crossbars,
// active_rows, adc_busy, l1_port, a bit a crossbar }; l0, external { port }; noc { a bit a link }; counters { value of each }; buffers {
// results in each outbox that somebody has still to send: its counter `ready` less the least `sent` } }. Only cores that the program uses
// have a scope. `$var string` is GTKWave's extension; vcd2fst takes it.

#include <array>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "hw_models/spec/machine.h"
#include "isa/program.h"
#include "platform/observe/observer.h"
#include "platform/observe/output_file.h"

namespace cim::platform {

class VcdWriter final : public Observer {
  public:
    /// Opens `path` and writes the declarations. std::runtime_error if it cannot be written.
    VcdWriter(const std::string& path, const isa::Program& program, const hw::Machine& machine);

    void engine(hw::Ticks at, int place, isa::Engine engine, int op) override;
    void crossbars(hw::Ticks at, int core, int active, int rows) override;
    void crossbar(hw::Ticks at, int core, int xb, int op) override;
    void port(hw::Ticks at, int memory, bool busy) override;
    void link(hw::Ticks at, int link, bool busy) override;
    void counter(hw::Ticks at, isa::Index counter, std::int64_t value) override;

    /// Ends the waveform at tick `end` and puts the file into its place.
    void finish(hw::Ticks end);

    /// Text of a GTKWave save file for the waveform in file `vcd`, that shows the first `end` ticks.
    std::string save_file(const std::string& vcd, hw::Ticks end) const;

  private:
    struct Signal {
        std::string id;
        int width = 1;  ///< 0: string
        std::int64_t value = 0;
        std::int64_t written = 0;
        bool dirty = false;
    };
    struct CoreSignals {
        std::array<int, isa::engine_count> busy{-1, -1, -1};
        std::array<int, isa::engine_count> op{-1, -1, -1};
        int active = -1, rows = -1, adc = -1, port = -1;
        std::map<int, int> crossbars;
    };

    int declare(const std::string& name, int width, std::int64_t initial = 0);
    void scope(const std::string& name);
    void end_scope();
    void set(hw::Ticks at, int signal, std::int64_t value);
    void flush();
    void write_value(const Signal& signal);
    std::int64_t time_of(hw::Ticks tick) const;
    void declare_place(int place, const std::string& name);
    void declare_links();
    void declare_counters();
    void declare_buffers();

    const isa::Program& program_;
    const hw::Machine& machine_;
    OutputFile file_;
    std::int64_t units_per_second_;
    std::vector<std::string> scopes_;
    std::vector<Signal> signals_;
    std::vector<int> dirty_;
    std::vector<CoreSignals> places_;  ///< cores, then the chip
    int l0_port_ = -1;
    int external_port_ = -1;
    int total_active_ = -1;
    std::vector<int> active_;  ///< by core, for the total
    std::vector<int> links_;
    std::vector<int> counters_;
    /// A buffer whose level two counter arrays tell: by counter, the signal, and where its counters are.
    struct Level {
        int signal = -1;
        isa::Index filled = 0;
        isa::Index taken = 0;
        isa::Index takers = 0;
    };
    std::vector<Level> levels_;
    std::vector<int> level_of_;  ///< by counter: into levels_, or -1
    hw::Ticks now_ = 0;
    hw::Ticks written_ = -1;
};

}  // namespace cim::platform
