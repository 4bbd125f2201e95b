// Flows that write weights from external memory into crossbars.
#include <algorithm>
#include <map>
#include <optional>
#include <set>

#include <fmt/format.h>

#include "compiler/codegen/generator.h"

namespace cim::compiler {

namespace {

/// What tells that the copies that read a tile's crossbar before are done with it.
const std::vector<Milestone>& readers_before(const Milestones& before, const Tile& tile) {
    static const std::vector<Milestone> none;
    const auto readers = before.crossbars.find({tile.core, tile.xb});
    return readers == before.crossbars.end() ? none : readers->second;
}

}  // namespace

void Generator::await_reads_before(FlowBuilder& f, const std::vector<Milestone>& readers, const std::string& own) {
    for (std::size_t i = 0; i < readers.size(); ++i) {
        const std::string name = i > 0 ? fmt::format("{}_{}", own, i) : own;
        f.await_at(f.counter("read" + name, readers[i].counter), f.number("element" + name, readers[i].element), f.constant(1),
                   f.batch() * f.number("reads" + name, readers[i].an_image));
    }
}

void Generator::write_flows(const Milestones& before) {
    const bool setup = builder_.segment == isa::whole_run;
    std::set<std::pair<int, int>> early;
    for (const EarlyWrites::One& one : segment_.early.tiles) {
        early.insert({one.node, one.tile});
    }
    for (std::size_t i = 0; i < graph_.nodes.size(); ++i) {
        const std::vector<Tile>& tiles = placement_[i].tiles;
        written_.emplace_back();
        std::map<std::pair<int, int>, std::vector<int>> by_core;  // tiles by copy, core
        for (std::size_t t = 0; t < tiles.size(); ++t) {
            if (tiles[t].has_crossbar() && early.count({static_cast<int>(i), static_cast<int>(t)}) == 0) {
                by_core[{tiles[t].copy, tiles[t].core}].push_back(static_cast<int>(t));
            }
        }
        for (const auto& [key, mine] : by_core) {
            const auto& [copy, core] = key;
            const std::string name = fmt::format("{}.write.{}{}", label(static_cast<int>(i)), core, tag_of(static_cast<int>(i), copy));
            // Runs of consecutive crossbars and weights, which are free at the same time.
            std::vector<int> starts;
            for (std::size_t k = 0; k < mine.size(); ++k) {
                if (k == 0 || mine[k] != mine[k - 1] + 1 || tiles[at(mine[k])].xb != tiles[at(mine[k - 1])].xb + 1 ||
                    !(readers_before(before, tiles[at(mine[k])]) == readers_before(before, tiles[at(mine[k - 1])]))) {
                    starts.push_back(static_cast<int>(k));
                }
            }
            FlowBuilder f(builder_,
                          fmt::format("{}{}", setup ? "write" : "rewrite", starts.size() > 1 ? fmt::format("_{}_runs", starts.size()) : ""),
                          name, op_of(static_cast<int>(i)), core, isa::Engine::Crossbar, setup);
            std::optional<FlowBuilder::Signal> completion;
            if (!setup) {
                const isa::Index done = builder_.counter(name + ".done", 1, core, isa::CounterRole::Data);
                written_[i][key] = {done, static_cast<std::int64_t>(mine.size())};
                completion = {f.counter("done", done), f.constant(0), f.constant(1)};
            }
            for (std::size_t run = 0; run < starts.size(); ++run) {
                const std::string own = run > 0 ? std::to_string(run) : "";
                const int first = mine[at(starts[run])];
                const std::size_t end = run + 1 < starts.size() ? at(starts[run + 1]) : mine.size();
                const Ex first_xb = f.number("xb" + own, tiles[at(first)].xb);
                const Ex first_weight = f.weight("weight" + own, weights_[i][at(first) % weights_[i].size()]);
                await_reads_before(f, readers_before(before, tiles[at(first)]), own);
                f.loop("i", f.number("count" + own, static_cast<std::int64_t>(end) - starts[run]), [&](Ex k) {
                    f.op(isa::Opcode::WriteXb, {{"xb", first_xb + k}, {"weight", first_weight + k}}, completion ? &*completion : nullptr);
                });
            }
            f.finish();
        }
    }
}

void Generator::early_write_flows(const Milestones& before) {
    // Runs of consecutive crossbars and weights that are free at the same time.
    struct Run {
        int node = 0;
        int first = 0;
        std::int64_t count = 0;
        const std::vector<Milestone>* after = nullptr;
    };
    std::vector<Run> runs;
    for (const EarlyWrites::One& one : segment_.early.tiles) {
        const std::vector<Tile>& tiles = placement_[at(one.node)].tiles;
        const Tile& tile = tiles[at(one.tile)];
        const std::vector<Milestone>& after = readers_before(before, tile);
        const auto follows = [&](const Run& run) {
            const Tile& last = tiles[at(one.tile - 1)];
            return run.node == one.node && run.first + run.count == one.tile && last.copy == tile.copy && last.core == tile.core &&
                   last.xb + 1 == tile.xb && *run.after == after;
        };
        if (!runs.empty() && follows(runs.back())) {
            ++runs.back().count;
        } else {
            runs.push_back({one.node, one.tile, 1, &after});
        }
    }
    if (runs.empty()) {
        return;
    }
    const isa::Index own = builder_.segment;
    const int prefix = builder_.label();
    builder_.enter_segment(own - 1, prefix);
    const std::size_t at_once = std::min(at(segment_.early.at_once), runs.size());
    std::vector<isa::Index> done;
    for (std::size_t r = 0; r < runs.size(); ++r) {
        const Run& run = runs[r];
        const Tile& tile = placement_[at(run.node)].tiles[at(run.first)];
        const std::string name = fmt::format("{}.prewrite.{}", label(run.node), r);
        FlowBuilder f(builder_, "prewrite", name, op_of(run.node), tile.core, isa::Engine::Crossbar);
        const Ex one = f.constant(1);
        // The first of a chain wait until the segment has taken its inputs: what it needs from external memory goes first.
        for (std::size_t i = 0; r < at_once && i < before.inputs.size(); ++i) {
            const std::string number = std::to_string(i);
            f.await(f.counter("input" + number, before.inputs[i].counter), one,
                    f.batch() * f.number("come" + number, before.inputs[i].an_image));
        }
        if (r >= at_once) {
            f.await(f.counter("before", done[r - at_once]), one, f.number("tiles_before", runs[r - at_once].count));
        }
        await_reads_before(f, *run.after, "");
        const std::size_t next = r + at_once;
        const int waiter = next < runs.size() ? placement_[at(runs[next].node)].tiles[at(runs[next].first)].core : tile.core;
        done.push_back(builder_.counter(name + ".done", 1, waiter, isa::CounterRole::Data));
        const FlowBuilder::Signal completion{f.counter("done", done.back()), f.constant(0), one};
        const Ex first_weight = f.weight("weight", weights_[at(run.node)][at(run.first) % weights_[at(run.node)].size()]);
        const Ex first_xb = f.number("xb", tile.xb);
        f.loop("i", f.number("count", run.count), [&](Ex k) {
            if (at_once < runs.size()) {
                f.await(completion.counter, one, k);
            }
            f.op(isa::Opcode::WriteXb, {{"xb", first_xb + k}, {"weight", first_weight + k}}, &completion);
        });
        f.finish();
    }
    builder_.enter_segment(own, prefix);
}

}  // namespace cim::compiler
