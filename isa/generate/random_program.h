#pragma once
// Random programs for tests; the same seed gives the same program.

#include <cstdint>

#include "isa/program.h"
#include "isa/verifier/verify.h"

namespace cim::isa {

/// A well-formed, canonical program (verify_form finds nothing) with all kinds of statements, operators, expressions and table entries in
/// it. It means nothing and is not meant to run.
Program random_program(std::uint64_t seed);

/// A fault put into a runnable program.
enum class Fault : std::uint8_t {
    None,
    MissingCredit,  ///< a producer does not wait for room in its ring: a race, unless another wait happens to cover it
    LooseCredit,    ///< a producer waits for one place less than it needs: likewise
    ShortCount,     ///< a producer stops one item early: its consumers wait for ever
    OffByOne,       ///< a producer writes one byte too far: its last slot leaves the buffer
};

struct RunnableOptions {
    Fault fault = Fault::None;
    bool branches = true;  ///< forks and joins; without, each stream is a chain and each fault is certain to be found
    int steps = 12;        ///< operators put between sources and sinks, about
    int items = 0;  ///< that pass through each stream an input of the run, 9 at least (more than the slots of any ring); 0: by the dice
};

struct RunnableProgram {
    Program program;
    Limits limits;  ///< a machine that it fits
};

/// Streams of items that pass from external memory or alu.fill through rings with credits: copies, sends, forks, joins (alu.add, alu.mul),
/// crossbar reads with requantisation, slopes and averages, and out to external memory; transfers in one piece or in several. Without a
/// fault it passes verify() for any batch.
RunnableProgram random_runnable(std::uint64_t seed, const RunnableOptions& options = {});

}  // namespace cim::isa
