#pragma once
// From a float network and its ranges to a program for a machine: the passes in their order.

#include <cstdint>
#include <optional>

#include "compiler/driver/objective.h"
#include "compiler/ir/graph.h"
#include "compiler/ir/quant_graph.h"
#include "compiler/quantization/ranges.h"
#include "compiler/scheduling/cg/segmentation.h"
#include "hw_models/spec/machine.h"
#include "isa/program.h"

namespace cim::compiler {

struct CompileOptions {
    std::optional<isa::Level> level;          ///< nothing: the first of levels_of() the machine
    bool every_level = false;                 ///< in place of one level all of levels_of(), of whose programs the best is taken
    bool duplication = true;                  ///< several copies of an operator's weights, where crossbars are left
    bool remapping = true;                    ///< level vvm: rows of a matrix dealt over more crossbars than they fill
    CopyPolicy copies = CopyPolicy::Optimal;  ///< others are baselines, and take the first schedule
    bool stagger = true;                      ///< XBM: a core's reads of a window begin as crossbars become free; else together
    bool keep = true;                         ///< maps that segments leave to others stay on the chip where there is room
    bool hold = true;                         ///< of these as many as there is room for in L1, the others in L0
    bool prewrite = true;                     ///< weights of a segment written while the one before computes, where that is faster
    bool forward = true;                      ///< cores that take the same of an input pass it on to each other
    bool join = true;                         ///< segments begin while those before them work, where that is faster
    bool reload = true;                       ///< a network that fits the chip in several segments for one image, where that is faster
    bool spread = true;                       ///< of many ways to spread operators over the machine the fastest; else the first
    bool thorough = false;                    ///< more programs are tried, which takes several times as long
    Objective objective = Objective::Latency;
    std::int64_t images = 1;                       ///< in a row, for which the program is to be good
    std::optional<std::int64_t> power_limit_uw{};  ///< most that the chip may draw at any time
};

struct Compiled {
    QuantGraph network;
    hw::Machine machine;  ///< as the program drives it
    Schedule schedule;
    isa::Program program;
};

/// Quantise, schedule, generate. InputError if the network does not fit the machine, or its computing mode is too coarse for the level, or
/// the power limit is too little for one operation.
Compiled compile(Graph graph, const Ranges& ranges, const hw::Machine& machine, const CompileOptions& options = {});

/// The same of a quantised network.
Compiled compile(QuantGraph network, const hw::Machine& machine, const CompileOptions& options = {});

}  // namespace cim::compiler
