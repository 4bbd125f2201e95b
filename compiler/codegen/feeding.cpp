// Who gives what to whom: which results of a part go to which landing, and to which core that holds them for other segments.
#include <algorithm>
#include <numeric>
#include <optional>

#include "compiler/codegen/generator.h"

namespace cim::compiler {

Overlap::Overlap(const Grid& from, const Reading& to) {
    const auto clip = [](int value, int most) { return std::clamp(value, 0, most); };
    if (to.between == 0) {
        j0 = from.row_at(to.skip_top);
        j1 = from.row_at(to.skip_top + to.used_rows());
    }
    for (int window = 0; to.between > 0 && window < to.oh; ++window) {
        const int top = to.top + window * to.window_step();
        const int first = from.row_at(top);
        const int end = from.row_at(top + to.kernel_h);
        j0 = j0 < j1 ? j0 : first;
        j1 = first < end ? end : std::max(j0, j1);
    }
    x0 = clip(to.skip_left - from.x0, from.cols);
    x1 = clip(to.skip_left + to.used_cols() - from.x0, from.cols);
}

std::int64_t pixels_of(const Grid& from, const Landing& to) {
    std::int64_t pixels = 0;
    for (int row = 0; row < from.rows; ++row) {
        const int first = (from.y0 + from.dy * row) * to.reading.w + from.x0;
        pixels += std::max(0, std::min(first + from.cols, to.px1) - std::max(first, to.px0));
    }
    return pixels;
}

HeldShare::HeldShare(const Part& from, int part_c0, const Part& holder) {
    const Grid& own = from.grid;
    const Grid& held = holder.grid;
    step = held.dy / std::gcd(own.dy, held.dy);
    while (first < step && (own.y0 + own.dy * first - held.y0) % held.dy != 0) {
        ++first;
    }
    rows = first < step && first < own.rows ? (own.rows - 1 - first) / step + 1 : 0;
    x0 = std::clamp(held.x0 - own.x0, 0, own.cols);
    x1 = std::clamp(held.x0 + held.cols - own.x0, 0, own.cols);
    c0 = std::max(part_c0 + from.c0, holder.c0);
    c1 = std::min(part_c0 + from.c1, holder.c1);
    to = (own.y0 + own.dy * first - held.y0) / held.dy;
    to_step = own.dy * step / held.dy;
}

void Generator::find_transfers() {
    const std::vector<NodeId> producers = producers_of(graph_);
    landings_.resize(memory_.landings.size());
    outboxes_.resize(graph_.nodes.size());
    for (std::size_t i = 0; i < graph_.nodes.size(); ++i) {
        outboxes_[i].resize(placement_[i].parts.size());
    }
    for (const std::vector<Outbox>& relays : memory_.relays) {
        relays_.emplace_back(relays.size());
    }
    for (std::size_t l = 0; l < memory_.landings.size(); ++l) {
        const Landing& landing = memory_.landings[l];
        if (landing.from >= 0) {
            landings_[l].feeders = 1;
            continue;
        }
        std::optional<Transfer> apart;
        for (const ViewPart& view : view_of(graph_, producers, tensor_of(landing))) {
            const NodeId producer = landing.node == network_input ? -1 : producers[at(view.tensor)];
            const int input = landing.node >= 0 && landing.place != isa::chip ? relayed(view.tensor) : -1;
            if (producer < 0 && input < 0) {
                landings_[l].feeders = 1;  // from external memory, or from the input's rows in L0
                continue;
            }
            const std::vector<Part>& parts = input >= 0 ? segment_.relays[at(input)] : placement_[at(producer)].parts;
            for (std::size_t p = 0; p < parts.size(); ++p) {
                const Part& part = parts[p];
                Transfer transfer;
                transfer.node = producer;
                transfer.input = input;
                transfer.part = static_cast<int>(p);
                transfer.landing = static_cast<int>(l);
                transfer.view_c0 = view.c0;
                transfer.c0 = std::max(view.c0 + part.c0, landing.c0);
                transfer.c1 = std::min(view.c0 + part.c1, landing.c1);
                const bool any = landing.flat ? pixels_of(part.grid, landing) > 0 : Overlap(part.grid, landing.reading).any();
                if (transfer.c0 < transfer.c1 && any) {
                    add_transfer(transfer);
                } else if (!apart) {
                    apart = transfer;
                }
            }
        }
        if (landings_[l].feeders == 0) {
            add_transfer(*apart);  // all its windows lie in the padding: somebody has to say so
        }
    }
}

void Generator::find_holdings() {
    for (std::size_t i = 0; i < graph_.nodes.size(); ++i) {
        const TensorId output = node(static_cast<int>(i)).output;
        const auto found = std::find(graph_.outputs.begin(), graph_.outputs.end(), output);
        if (found == graph_.outputs.end() || kept_of(output).map == nullptr || kept_of(output).map->shares.empty()) {
            continue;
        }
        KeptCode& kept = *kept_of(output).map;
        for (std::size_t p = 0; p < placement_[i].parts.size(); ++p) {
            for (std::size_t h = 0; h < kept.map->holders.size(); ++h) {
                const Holding holding{static_cast<int>(i), static_cast<int>(p), static_cast<int>(h), outboxes_[i][p].senders,
                                      kept.feeders[h]};
                if (share_of(holding).any()) {
                    holdings_.push_back(holding);
                    ++outboxes_[i][p].senders;
                    ++kept.feeders[h];
                }
            }
        }
    }
}

HeldShare Generator::share_of(const Holding& holding) const {
    const KeptTensor& kept = kept_of(node(holding.node).output);
    return {placement_[at(holding.node)].parts[at(holding.part)], kept.c0, kept.map->map->holders[at(holding.holder)].part};
}

void Generator::add_transfer(Transfer transfer) {
    transfer.feeder = landings_[at(transfer.landing)].feeders++;
    transfer.sender = results_of(transfer)[at(transfer.part)].senders++;
    transfers_.push_back(transfer);
}

int Generator::relayed(TensorId id) const {
    const auto found = std::find(graph_.inputs.begin(), graph_.inputs.end(), id);
    const auto input = static_cast<int>(found - graph_.inputs.begin());
    return found == graph_.inputs.end() || memory_.relays[at(input)].empty() ? -1 : input;
}

}  // namespace cim::compiler
