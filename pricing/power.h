#pragma once
// What operations draw, and which of them may begin when a program limits the power of the chip (ADR-0007). One book for predictor and
// platform.

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <vector>

#include "hw_models/energy/events.h"
#include "hw_models/spec/machine.h"
#include "hw_models/timing/price.h"
#include "isa/program.h"

namespace cim::pricing {

/// Whole numbers, so that a sum does not depend on the order in which operations come and go.
using Nanowatts = std::int64_t;

/// Power on one machine, rounded up: a report that adds energies finds less.
class PowerPrices {
  public:
    explicit PowerPrices(const hw::Machine& machine);
    /// Of an operation: its energy spread evenly over the shortest time that it can take. 0 if it costs no energy.
    Nanowatts of(const hw::OpCost& cost) const;
    /// Of a machine on which nothing happens: leakage and standby.
    Nanowatts at_rest() const { return at_rest_; }

  private:
    std::array<double, hw::event_count> event_pj_;
    double nanowatts_per_pj_and_tick_;
    Nanowatts at_rest_;
};

/// Lets operations begin as long as all those in flight fit a budget. Those that do not fit wait in one line for the whole chip, in the
/// order in which their flows became ready, ties by flow; nobody passes the first. An operation that exceeds the budget by itself runs
/// alone.
class PowerManager {
  public:
    /// `budget`: for all operations in flight. `engines`: that may ask, numbered from 0.
    PowerManager(Nanowatts budget, std::size_t engines) : budget_(budget), asked_(engines) {}

    /// What an engine would begin next; in place of what it asked for before.
    struct Request {
        hw::Ticks ready_at = 0;  ///< when the flow came to stand at the operation
        isa::Index flow = 0;
        std::size_t engine = 0;
        Nanowatts power = 0;  ///< of all operations of the step

        bool operator<(const Request& other) const { return ready_at != other.ready_at ? ready_at < other.ready_at : flow < other.flow; }
    };
    /// True if it did not ask for the same already.
    bool ask(const Request& request);
    /// The engine begins something that draws nothing.
    void withdraw(std::size_t engine);

    /// End of the dispatching phase of a tick: calls begin(request) for all that may begin, in their order.
    template <typename Begin>
    void admit(const Begin& begin) {
        while (!line_.empty() && (in_flight_ == 0 || line_.begin()->power <= budget_ - in_flight_)) {
            const Request next = *line_.begin();
            withdraw(next.engine);
            in_flight_ += next.power;
            most_at_once_ = in_flight_ > most_at_once_ ? in_flight_ : most_at_once_;
            most_of_one_ = next.power > most_of_one_ ? next.power : most_of_one_;
            begin(next);
        }
    }
    /// An operation has ended.
    void ended(Nanowatts power) { in_flight_ -= power; }

    /// Of a step so far, and of all that was in flight at some time since the start or forget_most_at_once().
    Nanowatts most_of_one() const { return most_of_one_; }
    Nanowatts most_at_once() const { return most_at_once_; }
    void forget_most_at_once() { most_at_once_ = 0; }

  private:
    Nanowatts budget_;
    Nanowatts in_flight_ = 0;
    Nanowatts most_of_one_ = 0;
    Nanowatts most_at_once_ = 0;
    std::set<Request> line_;
    std::vector<std::optional<Request>> asked_;  ///< by engine, what stands in the line
};

/// What a limit leaves for operations: the limit less what the machine draws at rest.
Nanowatts budget_of(std::int64_t limit_uw, const PowerPrices& prices);
/// The least limit that leaves as much.
std::int64_t limit_of(Nanowatts budget, const PowerPrices& prices);

}  // namespace cim::pricing
