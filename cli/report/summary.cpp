#include <algorithm>
#include <cmath>
#include <vector>

#include <fmt/format.h>

#include "cli/report/report.h"

namespace cim::cli {

namespace {

std::string grouped(std::int64_t value) {
    std::string digits = std::to_string(value);
    for (auto i = static_cast<std::ptrdiff_t>(digits.size()) - 3; i > (value < 0 ? 1 : 0); i -= 3) {
        digits.insert(static_cast<std::size_t>(i), ",");
    }
    return digits;
}

/// A quantity with the prefix that leaves one to three digits before the point; `unit` for a factor of 1, smaller first.
std::string scaled(double value, const std::vector<const char*>& units) {
    std::size_t unit = 0;
    while (std::fabs(value) >= 1000.0 && unit + 1 < units.size()) {
        value /= 1000.0;
        ++unit;
    }
    return fmt::format("{:.4g} {}", value, units[unit]);
}

std::string time_text(double ns) {
    return scaled(ns, {"ns", "us", "ms", "s"});
}

std::string energy_text(double pj) {
    return scaled(pj, {"pJ", "nJ", "uJ", "mJ", "J"});
}

std::string bar(double share, int width) {
    // Eighths of a cell, so that small shares are seen.
    static constexpr const char* parts[] = {"", "\u258f", "\u258e", "\u258d", "\u258c", "\u258b", "\u258a", "\u2589"};
    const int eighths = static_cast<int>(std::lround(std::clamp(share, 0.0, 1.0) * width * 8));
    std::string text;
    for (int i = 0; i < eighths / 8; ++i) {
        text += "\u2588";
    }
    text += parts[eighths % 8];
    const int filled = eighths / 8 + (eighths % 8 > 0 ? 1 : 0);
    return text + std::string(static_cast<std::size_t>(width - filled), ' ');
}

class Summary {
  public:
    Summary(const Json& report, bool colour) : r_(report), colour_(colour) {}

    std::string text() {
        head();
        energy();
        utilisation();
        operators();
        stalls();
        return std::move(out_);
    }

  private:
    template <typename... Args>
    void line(fmt::format_string<Args...> format, Args&&... args) {
        out_ += fmt::format(format, std::forward<Args>(args)...) + "\n";
    }
    std::string strong(const std::string& text) const { return colour_ ? "\033[1m" + text + "\033[0m" : text; }
    std::string faint(const std::string& text) const { return colour_ ? "\033[2m" + text + "\033[0m" : text; }

    void head() {
        const auto batch = r_["batch"].get<std::int64_t>();
        line("");
        line("{}", strong(fmt::format("{} on {} ({}, {}{})", r_["model"].get<std::string>(), r_["arch"].get<std::string>(),
                                      r_["mode"].get<std::string>(), batch == 1 ? "1 input" : grouped(batch) + " inputs",
                                      r_["functional"].get<bool>() ? "" : ", timing only")));
        const double ns_per_cycle = r_["latency_ns"].get<double>() / std::max(1.0, r_["first_image_cycles"].get<double>());
        const auto cycles = r_["cycles"].get<std::int64_t>();
        line("  total     {:>14} cycles   {:>10}", grouped(cycles), time_text(static_cast<double>(cycles) * ns_per_cycle));
        if (batch > 1) {
            line("  first     {:>14} cycles   {:>10}", grouped(r_["first_image_cycles"].get<std::int64_t>()),
                 time_text(r_["latency_ns"].get<double>()));
            const double interval = r_["initiation_interval_cycles"].get<double>();
            line("  interval  {:>14} cycles   {:>10}   {}", grouped(std::llround(interval)), time_text(interval * ns_per_cycle),
                 faint(fmt::format("{:.1f} inputs/s", 1e9 / (interval * ns_per_cycle))));
        }
        const auto predicted = r_["predicted_cycles"].get<std::int64_t>();
        line("  predicted {:>14} cycles   {}", grouped(predicted),
             faint(fmt::format("without contention, {:+.2f} %", 100.0 * (static_cast<double>(predicted) - static_cast<double>(cycles)) /
                                                                    static_cast<double>(std::max<std::int64_t>(1, cycles)))));
        if (const std::size_t segments = r_["segments"].size(); segments > 1) {
            line("  segments  {:>14}          {}", segments, faint("one after the other, weights written in each"));
        } else if (r_["setup_cycles"] == 0 && r_["utilisation"]["crossbars_used"] > 0) {
            line("  weights   written in the run, {}", faint("those that follow where crossbars are done with others"));
        } else {
            const auto setup = r_["setup_cycles"].get<std::int64_t>();
            line("  setup     {:>14} cycles   {:>10}   {}", grouped(setup), time_text(static_cast<double>(setup) * ns_per_cycle),
                 faint("weights into crossbars, once"));
        }
        const Json& v = r_["verification"];
        if (v["reference"] != "none") {
            std::string outcome =
                v["mismatches"] == 0 ? fmt::format("all {} output values equal the {} reference",
                                                   grouped(v["compared"].get<std::int64_t>()), v["reference"].get<std::string>())
                                     : fmt::format("{} of {} output values differ from the {} reference (by up to {})",
                                                   grouped(v["mismatches"].get<std::int64_t>()), grouped(v["compared"].get<std::int64_t>()),
                                                   v["reference"].get<std::string>(), v["max_abs_diff"].get<int>());
            if (!v["sqnr_db"].is_null()) {
                outcome += fmt::format("; {:.1f} dB to float", v["sqnr_db"].get<double>());
            }
            line("  outputs   {}", outcome);
        }
        if (!v["top1"].is_null()) {
            line("  accuracy  {:.2f} % of the labels", 100.0 * v["top1"].get<double>());
        }
        const Json& adc = v["adc"];
        if (adc["lossy"].get<std::int64_t>() > 0) {
            line("  ADC       {} of {} conversions lost information{}", grouped(adc["lossy"].get<std::int64_t>()),
                 grouped(adc["conversions"].get<std::int64_t>()),
                 adc["sqnr_db"].is_null() ? "" : fmt::format("; {:.1f} dB to exact sums", adc["sqnr_db"].get<double>()));
        }
    }

    void energy() {
        const Json& energy = r_["energy_pj"];
        const double total = energy["total"].get<double>();
        line("");
        line("{}", strong("energy and power"));
        line("  {}   average {}, peak {} {}", energy_text(total), scaled(r_["average_power_mw"].get<double>(), {"mW", "W"}),
             scaled(r_["peak_power_mw"].get<double>(), {"mW", "W"}),
             faint(fmt::format("(over {:.4g} cycles){}", r_["peak_power_window_cycles"].get<double>(),
                               r_["peak_power_limit_mw"].is_null()
                                   ? ""
                                   : fmt::format(" of {} allowed", scaled(r_["peak_power_limit_mw"].get<double>(), {"mW", "W"})))));
        std::vector<std::pair<std::string, double>> parts;
        for (const auto& [name, pj] : energy["by_component"].items()) {
            if (pj.get<double>() > 0) {
                parts.emplace_back(name, pj.get<double>());
            }
        }
        std::stable_sort(parts.begin(), parts.end(), [](const auto& a, const auto& b) { return a.second > b.second; });
        for (const auto& [name, pj] : parts) {
            line("  {:<16} {} {:>5.1f} %  {:>10}", name, bar(pj / total, 28), 100.0 * pj / total, energy_text(pj));
        }
        if (!r_["tops_per_watt"].is_null()) {
            line("  {:.4g} TOPS, {:.4g} TOPS/W{}", r_["tops"].get<double>(), r_["tops_per_watt"].get<double>(),
                 r_["area_mm2"].get<double>() > 0 ? fmt::format(", {:.4g} mm2", r_["area_mm2"].get<double>()) : "");
        }
    }

    void utilisation() {
        const Json& u = r_["utilisation"];
        line("");
        line("{}", strong("utilisation"));
        line("  cores      {:>6} of {:<6}", u["cores_used"].get<int>(), u["cores"].get<int>());
        line("  crossbars  {:>6} of {:<6} {:>5.1f} % of their cells, {:.1f} % of the time", u["crossbars_used"].get<std::int64_t>(),
             u["crossbars"].get<std::int64_t>(), 100.0 * u["cells_of_used_crossbars"].get<double>(),
             100.0 * u["time_of_used_crossbars"].get<double>());
    }

    void operators() {
        std::size_t width = 8;
        double end = 1;
        std::vector<const Json*> slowest;
        for (const Json& op : r_["operators"]) {
            if (!op["end_cycle"].is_null()) {
                slowest.push_back(&op);
                width = std::max(width, op["name"].get<std::string>().size());
                end = std::max(end, op["end_cycle"].get<double>());
            }
        }
        constexpr std::size_t shown = 12;
        const std::size_t all = slowest.size();
        if (all > shown) {
            std::stable_sort(slowest.begin(), slowest.end(),
                             [](const Json* a, const Json* b) { return (*a)["busy_cycles"] > (*b)["busy_cycles"]; });
            slowest.resize(shown);
            std::stable_sort(slowest.begin(), slowest.end(),
                             [](const Json* a, const Json* b) { return (*a)["start_cycle"] < (*b)["start_cycle"]; });
        }
        width = std::min<std::size_t>(width, 32);
        line("");
        line("{}", strong(all > shown ? fmt::format("busiest {} of {} operators", shown, all) : std::string("operators")));
        line("  {}", faint(fmt::format("{:<{}} {:>5} {:>5} {:>12} {:>12} {:>12}  {:<24} {}", "", width, "cores", "xbs", "start", "end",
                                       "busy", "when", "energy")));
        for (const Json* op : slowest) {
            const double a = (*op)["start_cycle"].get<double>() / end;
            const double b = (*op)["end_cycle"].get<double>() / end;
            std::string when;
            for (int i = 0; i < 24; ++i) {
                when += (i + 1) / 24.0 > a && i / 24.0 < b ? "\u2580" : "\u00b7";
            }
            line("  {:<{}} {:>5} {:>5} {:>12} {:>12} {:>12}  {} {:>10}", (*op)["name"].get<std::string>().substr(0, width), width,
                 (*op)["cores"].get<int>(), (*op)["crossbars"].get<int>(), grouped((*op)["start_cycle"].get<std::int64_t>()),
                 grouped((*op)["end_cycle"].get<std::int64_t>()), grouped((*op)["busy_cycles"].get<std::int64_t>()), when,
                 energy_text((*op)["energy_pj"].get<double>()));
        }
    }

    void stalls() {
        std::vector<std::pair<std::string, double>> engines{{"move", 0}, {"crossbar", 0}, {"alu", 0}};
        line("");
        line("{}", strong("where the engines' time went"));
        for (auto& [name, unused] : engines) {
            (void)unused;
            double lifetime = 0;
            std::vector<std::pair<std::string, double>> causes;
            for (const Json& engine : r_["engines"]) {
                if (engine["engine"] != name) {
                    continue;
                }
                lifetime += engine["lifetime_ticks"].get<double>();
                std::size_t i = 0;
                for (const auto& [cause, ticks] : engine["ticks"].items()) {
                    if (causes.size() <= i) {
                        causes.emplace_back(cause, 0.0);
                    }
                    causes[i++].second += ticks.get<double>();
                }
            }
            if (lifetime == 0) {
                continue;
            }
            std::string text;
            for (const auto& [cause, ticks] : causes) {
                if (ticks > 0) {
                    text +=
                        fmt::format("{} {:.1f} %   ", cause == "data" ? "waits for data" : (cause == "space" ? "waits for room" : cause),
                                    100.0 * ticks / lifetime);
                }
            }
            line("  {:<9} {}", name, text);
        }
    }

    const Json& r_;
    bool colour_;
    std::string out_;
};

}  // namespace

std::string summary(const Json& report, bool colour) {
    return Summary(report, colour).text();
}

}  // namespace cim::cli
