#include "compiler/scheduling/cg/cuts.h"

#include <algorithm>
#include <cmath>

namespace cim::compiler {

hw::Ticks leaking_ticks(double fj, double fj_a_tick) {
    return std::llround(fj / std::max(1.0, fj_a_tick));
}

hw::Ticks Pipeline::ticks(hw::Ticks slowest) const {
    const hw::Ticks pace = std::max({slowest, moving, this->pace});
    struct Span {
        hw::Ticks begin = 0;  ///< first results
        hw::Ticks end = 0;
    };
    std::vector<Span> spans;
    hw::Ticks latency = pace;
    for (int i = first; i < last; ++i) {
        const PipelineStage& stage = (*stages)[static_cast<std::size_t>(i)];
        Span span;
        for (const PipelineStage::Input& input : stage.inputs) {
            if (input.stage >= first) {
                const Span& before = spans[static_cast<std::size_t>(input.stage - first)];
                span.begin = std::max(span.begin, before.begin + (before.end - before.begin) * input.need / input.rows);
                span.end = std::max(span.end, before.end);
            }
        }
        span.end = std::max(span.end, span.begin + std::min(stage.alone, pace));
        latency = std::max(latency, span.end);
        spans.push_back(span);
    }
    return (images - 1) * pace + latency;
}

std::optional<SegmentCopies> written_copies(const WrittenTask* tasks, std::size_t count, std::int64_t crossbars, const Pipeline& pipeline) {
    std::vector<const Options*> options;
    hw::Ticks slowest = 0;
    for (std::size_t i = 0; i < count; ++i) {
        options.push_back(&tasks[i].options);
        slowest = std::max(slowest, tasks[i].options.all().back().ticks);
    }
    // From one copy of each on ever shorter intervals, which take more and more to write.
    std::vector<hw::Ticks> intervals;
    for (; slowest > 0; slowest -= 1 + slowest / 32) {
        intervals.push_back(slowest);
    }
    Pipeline unknown = pipeline;
    unknown.pace = 0;
    const auto time = [&](hw::Ticks longest) { return unknown.ticks(longest); };
    const Chooser chooser(options, crossbars);
    std::optional<Choice> choice = count > 0 ? chooser.least(intervals, time) : Choice{};
    if (!choice) {
        return std::nullopt;
    }
    if (pipeline.images > 1) {
        // An image more costs an interval more: the intervals between two of those above are worth a look.
        const hw::Ticks step = 1 + choice->slowest / 32;
        std::optional<Choice> closer = chooser.least(chooser.times(choice->slowest - step, choice->slowest + step), time);
        if (closer && time(closer->slowest) + closer->cost < time(choice->slowest) + choice->cost) {
            choice = std::move(closer);
        }
    }
    SegmentCopies copies{0, choice->slowest, choice->cost, choice->splits()};
    for (std::size_t i = 0; i < count; ++i) {
        copies.writing += tasks[i].write_ticks * copies.splits[i].copies();
    }
    copies.lags -= copies.writing;
    return copies;
}

std::optional<SegmentTimes> segment_times(const WrittenTask* tasks, std::size_t count, std::int64_t crossbars, const Pipeline& pipeline,
                                          hw::Ticks worth) {
    const std::optional<SegmentCopies> copies = written_copies(tasks, count, crossbars, pipeline);
    if (!copies) {
        return std::nullopt;
    }
    SegmentTimes times;
    for (std::size_t i = 0; i < count; ++i) {
        times.write_end = std::max(times.write_end, tasks[i].write_end);
        times.used += task_crossbars(tasks[i].task, copies->splits[i]);
    }
    times.writing = copies->writing;
    times.working = copies->lags + pipeline.ticks(copies->slowest) + pipeline.images * worth;
    times.lags = copies->lags;
    times.spare = times.working - pipeline.images * (pipeline.moving + worth);
    times.allowed = crossbars;
    return times;
}

std::vector<int> cut(const SegmentTicks& ticks) {
    struct Way {
        hw::Ticks ticks = 0;
        std::size_t from = 0;  ///< where its last segment begins
    };
    std::vector<std::optional<Way>> ways(ticks.size() + 1);
    ways[0] = Way{};
    for (std::size_t first = 0; first < ticks.size(); ++first) {
        for (std::size_t i = 0; ways[first] && i < ticks[first].size(); ++i) {
            std::optional<Way>& way = ways[first + i + 1];
            const std::optional<hw::Ticks>& own = ticks[first][i];
            if (own && (!way || ways[first]->ticks + *own < way->ticks)) {
                way = Way{ways[first]->ticks + *own, first};
            }
        }
    }
    std::vector<int> ends;
    for (std::size_t at = ticks.size(); at > 0 && ways.back(); at = ways[at]->from) {
        ends.push_back(static_cast<int>(at));
    }
    std::reverse(ends.begin(), ends.end());
    return ends;
}

hw::Ticks ticks_after(const SegmentTimes* before, const SegmentTimes& segment, std::int64_t crossbars) {
    const hw::Ticks all = segment.writing + segment.write_end;
    if (before == nullptr || segment.used == 0) {
        return all + segment.working;
    }
    const std::int64_t free = std::min(segment.used, crossbars - before->used);
    if (free == segment.used && before->spare >= all) {
        return segment.working;
    }
    return all - std::min(before->spare, segment.writing * free / segment.used) + segment.working;
}

std::vector<ChosenSegment> cut_overlapping(const SegmentChoices& choices, std::int64_t crossbars) {
    struct Place {
        int first = -1;
        std::size_t choice = 0;
    };
    struct Way {
        hw::Ticks ticks = INT64_MAX;
        Place before;
    };
    const auto places = static_cast<int>(choices.size());
    const auto length = [](int first, int end) { return static_cast<std::size_t>(end - first - 1); };
    std::vector<std::vector<std::vector<Way>>> ways(choices.size());
    const auto at_end = [&](int end, const auto& body) {
        for (int first = end - 1; first >= 0; --first) {
            const auto from = static_cast<std::size_t>(first);
            for (std::size_t c = 0; length(first, end) < choices[from].size() && c < choices[from][length(first, end)].size(); ++c) {
                body(Place{first, c}, choices[from][length(first, end)][c], ways[from][length(first, end)][c]);
            }
        }
    };
    for (std::size_t first = 0; first < choices.size(); ++first) {
        for (const std::vector<SegmentTimes>& segments : choices[first]) {
            ways[first].emplace_back();
            for (const SegmentTimes& segment : segments) {
                Way best;
                if (first == 0) {
                    best.ticks = ticks_after(nullptr, segment, crossbars);
                }
                at_end(static_cast<int>(first), [&](const Place& place, const SegmentTimes& before, const Way& way) {
                    if (way.ticks < INT64_MAX) {
                        const hw::Ticks ticks = way.ticks + ticks_after(&before, segment, crossbars);
                        best = ticks < best.ticks ? Way{ticks, place} : best;
                    }
                });
                ways[first].back().push_back(best);
            }
        }
    }
    Way last;
    at_end(places, [&](const Place& place, const SegmentTimes&, const Way& way) {
        last = way.ticks < last.ticks ? Way{way.ticks, place} : last;
    });
    std::vector<ChosenSegment> chosen;
    int end = places;
    for (Place at = last.before; at.first >= 0;) {
        const auto first = static_cast<std::size_t>(at.first);
        chosen.push_back({end, choices[first][length(at.first, end)][at.choice].allowed});
        const Place before = ways[first][length(at.first, end)][at.choice].before;
        end = at.first;
        at = before;
    }
    std::reverse(chosen.begin(), chosen.end());
    return chosen;
}

}  // namespace cim::compiler
