#include "cli/report/report.h"

#include <algorithm>
#include <map>
#include <set>

#include <sys/resource.h>

#include "cli/report/resources.h"
#include "hw_models/device/traits.h"

namespace cim::cli {

namespace {

using hw::Ticks;
using platform::Cause;

class Builder {
  public:
    explicit Builder(const RunFacts& facts)
        : f_(facts),
          m_(facts.machine),
          s_(facts.result.statistics),
          prices_(hw::event_prices(facts.machine)),
          resources_(resources_of(facts.program)) {}

    Json build() {
        const Ticks ticks = f_.result.ticks;
        Json r;
        r["schema_version"] = 1;
        r["model"] = f_.program.name;
        r["arch"] = m_.name;
        r["mode"] = std::string(isa::to_string(f_.program.mode));
        r["level"] = f_.program.level ? Json(std::string(isa::to_string(*f_.program.level))) : Json(nullptr);
        r["functional"] = f_.functional;
        r["batch"] = f_.batch;
        r["cycles"] = cycles(ticks);
        r["setup_cycles"] = cycles(f_.result.setup_ticks);
        r["predicted_cycles"] = cycles(f_.prediction.ticks);
        r["latency_ns"] = nanoseconds(s_.image_ends.empty() || s_.image_ends[0] < 0 ? ticks : s_.image_ends[0]);
        r["first_image_cycles"] = cycles(s_.image_ends.empty() || s_.image_ends[0] < 0 ? ticks : s_.image_ends[0]);
        r["initiation_interval_cycles"] = interval();
        r["bounds"] = bounds();
        add_energy(r);
        r["peak_power_mw"] = power(s_.power.largest(), s_.power.window()) + hw::leakage_mw(m_);
        r["peak_power_limit_mw"] = f_.program.power_limit_uw ? Json(static_cast<double>(*f_.program.power_limit_uw) * 1e-3) : Json(nullptr);
        r["peak_power_window_cycles"] = static_cast<double>(s_.power.window()) / static_cast<double>(m_.chip_clock.ticks_per_cycle);
        r["average_power_mw"] = ticks > 0 ? power(total_, ticks) : 0.0;
        r["power_profile"] = power_profile();
        add_area_and_rates(r);
        r["verification"] = verification();
        r["operators"] = operators();
        r["segments"] = segments();
        Json mops = Json::object();
        for (const isa::OpInfo& info : isa::op_table()) {
            if (const std::int64_t n = s_.operations[static_cast<std::size_t>(info.opcode)]; n > 0) {
                mops[std::string(info.text)] = n;
            }
        }
        r["mops"] = mops;
        Json links = Json::object();
        Ticks link_ticks = 0;
        for (std::size_t i = 0; i < f_.result.link_busy.size(); ++i) {
            link_ticks += f_.result.link_busy[i];
            if (f_.result.link_busy[i] > 0) {
                links[f_.result.link_names[i]] = cycles(f_.result.link_busy[i]);
            }
        }
        r["link_cycles"] = cycles(link_ticks);
        r["links"] = links;
        r["engines"] = engines();
        r["utilisation"] = utilisation();
        r["device"] = device();
        r["host"] = host();
        return r;
    }

  private:
    std::int64_t cycles(Ticks ticks) const {
        const Ticks per_cycle = m_.chip_clock.ticks_per_cycle;
        return (ticks + per_cycle - 1) / per_cycle;
    }
    double nanoseconds(Ticks ticks) const { return static_cast<double>(ticks) * 1e9 / static_cast<double>(m_.ticks_per_second); }
    /// mW of `pj` spent in `ticks`.
    double power(double pj, Ticks ticks) const { return pj / nanoseconds(ticks); }
    double dynamic(const hw::EventCounts& events) const {
        double total = 0;
        for (std::size_t e = 0; e < hw::event_count; ++e) {
            total += static_cast<double>(events[e]) * prices_[e];
        }
        return total;
    }

    /// Power over time: means over intervals of equal length, of which the last one may end early.
    Json power_profile() const {
        constexpr std::size_t most_intervals = 512;
        const std::vector<double> pj = s_.power.energy();
        const std::size_t windows = std::max<std::size_t>(1, (pj.size() + most_intervals - 1) / most_intervals);
        const Ticks length = static_cast<Ticks>(windows) * s_.power.window();
        Json mw = Json::array();
        for (Ticks begin = 0; begin < f_.result.ticks; begin += length) {
            const std::size_t first = mw.size() * windows;
            double spent = 0;
            for (std::size_t i = first; i < std::min(first + windows, pj.size()); ++i) {
                spent += pj[i];
            }
            mw.push_back(power(spent, std::min(length, f_.result.ticks - begin)) + hw::leakage_mw(m_));
        }
        return {{"interval_cycles", static_cast<double>(length) / static_cast<double>(m_.chip_clock.ticks_per_cycle)}, {"mw", mw}};
    }

    Json interval() const {
        const auto n = static_cast<std::int64_t>(s_.image_ends.size());
        if (f_.program.rewrites()) {
            // All images pass each segment before its crossbars are written anew.
            return static_cast<double>(cycles(f_.result.ticks)) / static_cast<double>(n);
        }
        if (n < 2 || s_.image_ends.front() < 0 || s_.image_ends.back() < 0) {
            return cycles(f_.result.ticks);
        }
        return static_cast<double>(cycles(s_.image_ends.back() - s_.image_ends.front())) / static_cast<double>(n - 1);
    }

    /// What the reads of an image cost, spread evenly over the crossbars of the core that has most of it: no order of work is faster with
    /// the weights where the program has them. A pipeline cannot give images faster, nor one image sooner.
    std::int64_t program_interval() const {
        std::map<isa::Index, std::int64_t> used;
        for (const Resources& resources : resources_) {
            for (const auto& xb : resources.crossbars) {
                ++used[xb.first];
            }
        }
        Ticks busiest = 0;
        for (const auto& [place, crossbars] : used) {
            busiest = std::max(busiest, s_.crossbar_work[static_cast<std::size_t>(place)] / crossbars);
        }
        return busiest / std::max<std::int64_t>(1, f_.batch) / m_.chip_clock.ticks_per_cycle;
    }

    /// docs/timing.md, "What no schedule beats".
    Json bounds() const {
        const std::int64_t program = program_interval();
        Json bounds{{"of", "program"}, {"interval_cycles", program}, {"latency_cycles", program}, {"program_interval_cycles", program}};
        if (f_.bounds) {
            const bool resident = f_.bounds->residence == compiler::Residence::Resident;
            bounds["of"] = resident ? "network, weights resident" : "network, weights rewritten";
            bounds["interval_cycles"] = f_.bounds->interval / m_.chip_clock.ticks_per_cycle;
            bounds["latency_cycles"] = f_.bounds->latency / m_.chip_clock.ticks_per_cycle;
        }
        return bounds;
    }

    void add_energy(Json& r) {
        std::map<std::string, double> components;
        std::map<std::string, double> tiers;
        std::vector<std::string> component_order;
        std::vector<std::string> tier_order;
        Json leaves = Json::array();
        const auto add = [&](std::string_view component, std::string_view tier, const char* kind, std::string_view counted,
                             std::int64_t count, double pj) {
            const std::string name = kind == std::string("leakage") ? "leakage" : std::string(component);
            if (components.emplace(name, 0.0).second) {
                component_order.push_back(name);
            }
            if (tiers.emplace(std::string(tier), 0.0).second) {
                tier_order.emplace_back(tier);
            }
            components[name] += pj;
            tiers[std::string(tier)] += pj;
            total_ += pj;
            leaves.push_back(
                Json{{"component", component}, {"tier", tier}, {"kind", kind}, {"counted", counted}, {"count", count}, {"pj", pj}});
        };
        hw::EventCounts events{};
        for (const platform::OperatorStatistics& op : s_.operators) {
            for (std::size_t e = 0; e < hw::event_count; ++e) {
                events[e] += op.events[e];
            }
        }
        for (std::size_t e = 0; e < hw::event_count; ++e) {
            const hw::EventInfo& info = hw::event_info(static_cast<hw::Event>(e));
            add(info.component, info.tier, "dynamic", info.name, events[e], static_cast<double>(events[e]) * prices_[e]);
        }
        const double ns = nanoseconds(f_.result.ticks);
        double leakage = 0;
        for (const hw::StaticPart& part : hw::static_parts(m_)) {
            const double pj = static_cast<double>(part.instances) * part.leakage_mw * ns;
            leakage += pj;
            add(part.component, part.tier, "leakage", "instances", part.instances, pj);
        }
        Json by_component = Json::object();
        for (const std::string& name : component_order) {
            by_component[name] = components[name];
        }
        Json by_tier = Json::object();
        for (const std::string& name : tier_order) {
            by_tier[name] = tiers[name];
        }
        Json by_place = Json::object();
        for (std::size_t p = 0; p < s_.place_events.size(); ++p) {
            if (const double pj = dynamic(s_.place_events[p]); pj > 0) {
                by_place[p + 1 == s_.place_events.size() ? "chip" : "core" + std::to_string(p)] = pj;
            }
        }
        by_place["leakage"] = leakage;
        r["energy_pj"] =
            Json{{"total", total_}, {"by_component", by_component}, {"by_tier", by_tier}, {"by_place", by_place}, {"leaves", leaves}};
        r["setup_energy_pj"] = dynamic(f_.result.setup_events);
        r["edp"] = total_ * ns;
    }

    void add_area_and_rates(Json& r) const {
        double area = 0;
        for (const hw::StaticPart& part : hw::static_parts(m_)) {
            area += static_cast<double>(part.instances) * part.area_mm2;
        }
        const double operations = 2.0 * static_cast<double>(s_.multiply_accumulates);
        const double seconds = nanoseconds(f_.result.ticks) * 1e-9;
        const double tops = seconds > 0 ? operations / seconds * 1e-12 : 0.0;
        r["area_mm2"] = area;
        r["tops"] = tops;
        r["tops_per_watt"] = total_ > 0 ? Json(operations / total_) : Json();
        r["tops_per_mm2"] = area > 0 ? Json(tops / area) : Json();
    }

    Json verification() const {
        const Verification& v = f_.verification;
        const auto optional = [](const std::optional<double>& x) { return x ? Json(*x) : Json(); };
        return Json{{"reference", v.reference},
                    {"compared", v.compared},
                    {"mismatches", v.mismatches},
                    {"max_abs_diff", v.max_abs_diff},
                    {"sqnr_db", optional(v.sqnr_db)},
                    {"top1", optional(v.top1)},
                    {"adc", Json{{"conversions", s_.adc.conversions}, {"lossy", s_.adc.lossy}, {"sqnr_db", optional(v.adc_sqnr_db)}}}};
    }

    Json stalls(const platform::CauseTimes& times) const {
        Json stalls = Json::object();
        for (std::size_t c = static_cast<std::size_t>(Cause::Port); c < static_cast<std::size_t>(Cause::Done); ++c) {
            stalls[platform::cause_names[c]] = cycles(times[c]);
        }
        return stalls;
    }

    Json operators() const {
        Json list = Json::array();
        const auto time = [&](Ticks t) { return t < 0 ? Json() : Json(cycles(t)); };
        for (std::size_t i = 0; i < f_.program.operators.size(); ++i) {
            const platform::OperatorStatistics& op = s_.operators[i];
            const compiler::OperatorPrediction& predicted = f_.prediction.operators[i];
            list.push_back(Json{{"name", f_.program.operators[i].name},
                                {"op", f_.program.operators[i].type},
                                {"cores", resources_[i].cores.size()},
                                {"crossbars", resources_[i].crossbars.size()},
                                {"duplication", resources_[i].copies},
                                {"segment", resources_[i].segments.empty() ? 0 : *resources_[i].segments.begin()},
                                {"last_segment", resources_[i].segments.empty() ? 0 : *resources_[i].segments.rbegin()},
                                {"start_cycle", time(op.start)},
                                {"end_cycle", time(op.end)},
                                {"predicted_start", time(predicted.start)},
                                {"predicted_end", time(predicted.end)},
                                {"busy_cycles", cycles(op.times[0])},
                                {"stall_cycles", stalls(op.times)},
                                {"energy_pj", dynamic(op.events)}});
        }
        return list;
    }

    Json segments() const {
        Json list = Json::array();
        for (std::size_t i = 0; i < s_.segments.size(); ++i) {
            const auto segment = static_cast<isa::Index>(i);
            std::int64_t operators = 0;
            std::int64_t tiles = 0;
            for (const Resources& resources : resources_) {
                operators += resources.segments.count(segment) != 0 ? 1 : 0;
                const auto found = resources.tiles.find(segment);
                tiles += found == resources.tiles.end() ? 0 : found->second;
            }
            list.push_back(Json{{"index", i},
                                {"operators", operators},
                                {"crossbars", tiles},
                                {"start_cycle", cycles(s_.segments[i].start)},
                                {"end_cycle", cycles(s_.segments[i].end)}});
        }
        return list;
    }

    Json engines() const {
        Json list = Json::array();
        for (std::size_t p = 0; p < s_.engines.size(); ++p) {
            for (int e = 0; e < isa::engine_count; ++e) {
                const platform::EngineStatistics& engine = s_.engines[p][static_cast<std::size_t>(e)];
                if (engine.operations == 0) {
                    continue;
                }
                Ticks lifetime = 0;
                for (const Ticks t : engine.times) {
                    lifetime += t;
                }
                Json times = Json::object();
                for (std::size_t c = 0; c < platform::cause_count; ++c) {
                    times[platform::cause_names[c]] = engine.times[c];
                }
                list.push_back(Json{{"place", p + 1 == s_.engines.size() ? "chip" : "core" + std::to_string(p)},
                                    {"engine", std::string(isa::to_string(static_cast<isa::Engine>(e)))},
                                    {"operations", engine.operations},
                                    {"lifetime_ticks", lifetime},
                                    {"ticks", times}});
            }
        }
        return list;
    }

    std::size_t crossbars_used() const {
        std::set<std::pair<isa::Index, isa::Index>> used;
        for (const Resources& resources : resources_) {
            used.insert(resources.crossbars.begin(), resources.crossbars.end());
        }
        return used.size();
    }

    Json utilisation() const {
        const auto ticks = static_cast<double>(std::max<Ticks>(1, f_.result.ticks));
        Ticks crossbar_busy = 0;
        for (const Ticks busy : s_.crossbar_busy) {
            crossbar_busy += busy;
        }
        std::int64_t cells = 0;
        for (const isa::Weight& weight : f_.program.weights) {
            cells += static_cast<std::int64_t>(weight.rows) * weight.cols * m_.columns(weight.bits);
        }
        const std::size_t used = crossbars_used();
        const std::int64_t all = static_cast<std::int64_t>(m_.core_count()) * m_.crossbars_per_core();
        std::int64_t tiles = 0;
        for (const Resources& resources : resources_) {
            for (const auto& entry : resources.tiles) {
                tiles += entry.second;
            }
        }
        const double capacity = static_cast<double>(tiles) * m_.crossbar.rows * m_.crossbar.cols;
        std::set<isa::Index> cores;
        for (const Resources& resources : resources_) {
            cores.insert(resources.cores.begin(), resources.cores.end());
        }
        return Json{{"cores_used", cores.size()},
                    {"cores", m_.core_count()},
                    {"crossbars_used", used},
                    {"crossbars", all},
                    {"cells_of_used_crossbars", capacity > 0 ? static_cast<double>(cells) / capacity : 0.0},
                    {"time_of_used_crossbars", used > 0 ? static_cast<double>(crossbar_busy) / (ticks * static_cast<double>(used)) : 0.0}};
    }

    /// What the weights ask of the cells: one load, which cells that keep them need once.
    Json device() const {
        const hw::DeviceTraits& traits = hw::device_traits(m_.device.type);
        const hw::Limit& endurance = m_.device.endurance;
        return Json{{"type", traits.type},
                    {"keeps_weights", traits.keeps},
                    {"most_writes_per_cell", s_.most_writes},
                    {"endurance", endurance.ideal ? Json() : Json(endurance.value)},
                    {"loads_until_worn", endurance.ideal || s_.most_writes == 0 ? Json() : Json(endurance.value / s_.most_writes)}};
    }

    Json host() const {
        rusage usage{};
        getrusage(RUSAGE_SELF, &usage);
        return Json{{"compile_s", f_.host.compile_s},
                    {"simulate_s", f_.host.simulate_s},
                    {"peak_rss_mb", static_cast<double>(usage.ru_maxrss) / 1024.0}};
    }

    const RunFacts& f_;
    const hw::Machine& m_;
    const platform::Statistics& s_;
    std::array<double, hw::event_count> prices_;
    std::vector<Resources> resources_;
    double total_ = 0;
};

}  // namespace

Json make_report(const RunFacts& facts) {
    return Builder(facts).build();
}

}  // namespace cim::cli
