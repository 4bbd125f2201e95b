#pragma once
// Proves a program right for a machine before anything runs (ADR-0001, "What the verifier proves").

#include <array>
#include <optional>
#include <vector>

#include "isa/verifier/diagnostic.h"

namespace cim::isa {

/// What the verifier must know of the machine, and how far it may go.
struct Limits {
    Index cores = 1;
    Index crossbars_per_core = 1;
    Index rows = 128;  ///< of a crossbar
    Index cols = 128;  ///< of a crossbar, in cells
    Index parallel_row = 128;
    /// Columns of cells that a weight takes, by its bits.
    std::array<Index, 17> weight_columns{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};
    std::optional<std::int64_t> l1;  ///< bytes; none: without limit
    std::optional<std::int64_t> l0;
    std::optional<std::int64_t> ext;
    Mode mode = Mode::WLM;

    std::size_t most_findings = 20;
    /// Steps, turns of loops, pieces of accesses and shadow cells that verify_run may go through; sixteen entries of a search are one.
    std::int64_t most_work = 2'000'000'000;
    /// Bytes that verify_run may hold in signals and in what flows have learnt from them.
    std::int64_t most_history_bytes = std::int64_t{8} << 30;
    /// Bytes of them from which on signals that nobody can ask for any more are looked for and let go.
    std::int64_t spare_history_bytes = std::int64_t{1} << 20;
};

/// What can be said of the program data alone, whatever the machine: it can be printed, encoded and resolved if there are no findings.
/// Rules form, names, arity.
std::vector<Diagnostic> verify_form(const Program& program, std::size_t most_findings = 20);

/// verify_form, then all that needs no run.
std::vector<Diagnostic> verify_structure(const Program& program, const Limits& limits);

/// Walks all flows once, untimed, for a run over `batch` inputs. The program must have passed verify_structure with the same limits.
std::vector<Diagnostic> verify_run(const Program& program, const Limits& limits, std::int64_t batch);

/// What a run of the verifier went through, for the curious.
struct RunStatistics {
    std::int64_t operators = 0;      ///< executions
    std::int64_t accesses = 0;       ///< linear pieces
    std::int64_t cells = 0;          ///< of shadow state, visits
    std::int64_t learnt = 0;         ///< waits from which a flow learnt of another
    std::int64_t searched = 0;       ///< entries gone through to find what happened before what
    std::int64_t components = 0;     ///< flows and counters of completions that an order is kept of
    std::int64_t history_bytes = 0;  ///< held at the most
};
std::vector<Diagnostic> verify_run(const Program& program, const Limits& limits, std::int64_t batch, RunStatistics& statistics);

/// verify_structure and, when that finds nothing, verify_run.
std::vector<Diagnostic> verify(const Program& program, const Limits& limits, std::int64_t batch);

}  // namespace cim::isa
