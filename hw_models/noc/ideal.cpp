// Transfers take no time: the platform never asks for one, so the state machine is empty.
#include "hw_models/noc/models.h"

namespace cim::hw {

namespace {

class IdealNoc final : public NocModel {
  public:
    Ticks uncontended(int, int, std::int64_t) const override { return 0; }
    int hops(int src, int dst) const override { return src == dst ? 0 : 1; }
    bool contends() const override { return false; }
    void request(Ticks, const NocRequest& request) override { ready_.push_back(request.id); }
    void arbitrate(Ticks) override {}
    void advance(Ticks, std::vector<std::uint64_t>& delivered) override {
        delivered.insert(delivered.end(), ready_.begin(), ready_.end());
        ready_.clear();
    }
    std::optional<Ticks> next() const override { return std::nullopt; }

  private:
    std::vector<std::uint64_t> ready_;
};

}  // namespace

std::unique_ptr<NocModel> make_ideal_noc(const Machine&) {
    return std::make_unique<IdealNoc>();
}

}  // namespace cim::hw
