#pragma once
// What every order of work keeps: a window waits for its inputs, the network's end for every output; bytes and digital operations that no
// schedule leaves out.

#include <vector>

#include "compiler/ir/quant_graph.h"
#include "hw_models/timing/price.h"

namespace cim::compiler {

/// Chains of dependences, if every node did all its positions at once.
struct Dependence {
    hw::Ticks longest = 0;         ///< from a byte of an input fetched, or the last of them, to the last of an output flushed
    std::vector<hw::Ticks> apart;  ///< of each node: the longest such chain without the reads of its own crossbars
};

/// `read`: for each Conv, the least time of a read of its crossbars.
Dependence dependence(const QuantGraph& network, const hw::Machine& machine, const hw::PriceList& prices,
                      const std::vector<hw::Ticks>& read);

/// Time that `bytes` take at `bandwidth` bits a cycle, without latencies.
hw::Ticks port_ticks(std::int64_t bytes, const hw::Limit& bandwidth, const hw::Clock& clock);

/// Bytes of the inputs that some window needs, and of the outputs, of one image.
std::int64_t network_bytes(const QuantGraph& network);

/// Time an image of the digital operations, if the ALUs of all cores and of the chip shared them evenly.
hw::Ticks alu_interval(const QuantGraph& network, const hw::Machine& machine, const hw::PriceList& prices);

}  // namespace cim::compiler
