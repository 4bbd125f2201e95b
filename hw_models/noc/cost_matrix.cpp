// A price for each pair of nodes; links never contend. A core sends one transfer at a time because its move engine does.
#include <queue>

#include "hw_models/noc/models.h"

namespace cim::hw {

namespace {

class CostMatrixNoc final : public NocModel {
  public:
    explicit CostMatrixNoc(const Machine& machine) : cost_(machine.chip.noc.cost), ticks_per_cycle_(machine.chip_clock.ticks_per_cycle) {}

    Ticks uncontended(int src, int dst, std::int64_t flits) const override {
        return cost_[static_cast<std::size_t>(src)][static_cast<std::size_t>(dst)] * flits * ticks_per_cycle_;
    }
    int hops(int src, int dst) const override { return src == dst ? 0 : 1; }

    bool contends() const override { return false; }
    void request(Ticks now, const NocRequest& request) override {
        moving_.push({now + uncontended(request.src, request.dst, request.flits), sequence_++, request.id});
    }
    void arbitrate(Ticks) override {}
    void advance(Ticks now, std::vector<std::uint64_t>& delivered) override {
        while (!moving_.empty() && moving_.top().at <= now) {
            delivered.push_back(moving_.top().id);
            moving_.pop();
        }
    }
    std::optional<Ticks> next() const override { return moving_.empty() ? std::nullopt : std::optional<Ticks>(moving_.top().at); }

  private:
    struct Moving {
        Ticks at;
        std::uint64_t sequence;
        std::uint64_t id;
        bool operator<(const Moving& other) const { return at != other.at ? at > other.at : sequence > other.sequence; }
    };
    std::vector<std::vector<Cycles>> cost_;
    Ticks ticks_per_cycle_;
    std::uint64_t sequence_ = 0;
    std::priority_queue<Moving> moving_;
};

}  // namespace

std::unique_ptr<NocModel> make_cost_matrix_noc(const Machine& machine) {
    return std::make_unique<CostMatrixNoc>(machine);
}

}  // namespace cim::hw
