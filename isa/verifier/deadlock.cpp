#include "isa/verifier/deadlock.h"

#include <algorithm>
#include <unordered_map>
#include <unordered_set>

#include <fmt/format.h>

#include "isa/text/print.h"
#include "isa/verifier/diagnostic.h"

namespace cim::isa {

namespace {

class Explainer {
  public:
    Explainer(const Program& program, const Counters& counters, const std::vector<bool>& finished, const std::vector<BlockedFlow>& blocked)
        : program_(program), counters_(counters), finished_(finished), blocked_(blocked) {
        for (std::size_t i = 0; i < blocked.size(); ++i) {
            entries_.emplace(blocked[i].flow, i);
        }
    }

    std::vector<std::string> run() {
        std::vector<std::string> messages;
        for (const BlockedFlow& first : blocked_) {
            if (told_.count(first.flow) != 0) {
                continue;
            }
            if (const std::string message = chain(first); !message.empty()) {
                messages.push_back(message);
            }
        }
        if (!messages.empty() && blocked_.size() > 1) {
            messages[0] += fmt::format(" ({} flows stand still)", blocked_.size());
        }
        return messages;
    }

  private:
    std::string wait_text(const BlockedFlow& entry) const {
        return fmt::format("{}{} waits for {} >= {}, which stays at {}", where(program_, entry.flow, entry.line), entry.line > 0 ? "," : "",
                           counter_text(program_, entry.counter), entry.needed, counters_.value(entry.counter));
    }

    /// Who should signal the counter: who has, else one of those who might, a blocked one first.
    Index expected_signaller(Index counter) const {
        if (counters_.signaller(counter) >= 0) {
            return counters_.signaller(counter);
        }
        const std::vector<Index>& possible = counters_.possible_signallers(counter);
        const auto alive = std::find_if(possible.begin(), possible.end(), [&](Index f) { return entries_.count(f) != 0; });
        return alive != possible.end() ? *alive : (possible.empty() ? -1 : possible[0]);
    }

    /// Follows the waits from `first`; empty if they lead to what has been told already.
    std::string chain(const BlockedFlow& first) {
        constexpr std::size_t most_links = 12;
        std::string text = wait_text(first);
        std::unordered_set<Index> on_chain;
        const BlockedFlow* at = &first;
        for (std::size_t links = 0;; ++links) {
            on_chain.insert(at->flow);
            told_.insert(at->flow);
            const Index next = expected_signaller(at->counter);
            if (next < 0) {
                return text + "; no flow signals it";
            }
            const std::string& name = program_.flows[static_cast<std::size_t>(next)].name;
            if (finished_[static_cast<std::size_t>(next)]) {
                return text + fmt::format("; flow '{}', which signals it, has ended", name);
            }
            const auto entry = entries_.find(next);
            if (entry == entries_.end()) {
                return text + fmt::format("; flow '{}', which signals it, begins only after this segment", name);
            }
            if (on_chain.count(next) != 0) {
                return text + fmt::format("; flow '{}' signals it: a cycle", name);
            }
            if (told_.count(next) != 0) {
                return "";
            }
            at = &blocked_[entry->second];
            if (links < most_links) {
                text += "; " + wait_text(*at);
            } else if (links == most_links) {
                text += "; and so on";
            }
        }
    }

    const Program& program_;
    const Counters& counters_;
    const std::vector<bool>& finished_;
    const std::vector<BlockedFlow>& blocked_;
    std::unordered_map<Index, std::size_t> entries_;
    std::unordered_set<Index> told_;
};

}  // namespace

std::vector<std::string> explain_deadlock(const Program& program, const Counters& counters, const std::vector<bool>& finished,
                                          const std::vector<BlockedFlow>& blocked) {
    return Explainer(program, counters, finished, blocked).run();
}

}  // namespace cim::isa
