#include "explain/methods.h"
#include "explain/tensors.h"

namespace limpid::explain {
namespace {

// Row `query` of (I + S_L) ... (I + S_1), which is R after R += S_l R for l = 1..L (Chefer et al., ICCV 2021, rules 5
// and 6), without the query's own entry. [layers, T, T] -> [T].
std::vector<double> RelevanceRow(const engine::HostTensor& gradient_attention, size_t query) {
  std::vector<double> row = UnitRow(static_cast<size_t>(gradient_attention.shape[1]), query);
  for (auto layer = static_cast<size_t>(gradient_attention.shape[0]); layer-- > 0;) {
    row = TimesMatrixPlusIdentity(row, MatrixOf(gradient_attention, layer));
  }
  row[query] = 0;
  return row;
}

class GradientWeightedAttention final : public Method {
 public:
  explicit GradientWeightedAttention(const GradientWeightedAttentionSpec& spec) : spec_(spec) {}

  std::string_view name() const override { return "gradient_weighted_attention"; }

  absl::Status Check(const MethodInput& input) const override { return CheckQueryToken(spec_.query_token, input); }

  std::vector<engine::Row> Plan(const MethodInput&, engine::Wanted* base) const override {
    base->gradient_attention = true;
    return {};
  }

  absl::StatusOr<FoldStep> Fold(const MethodInput&, const engine::RowResult& base,
                                std::span<const engine::RowResult>) override {
    FoldStep step;
    step.scores.card.query_token = static_cast<int32_t>(spec_.query_token);
    step.scores.scores = ToFloats(RelevanceRow(base.gradient_attention, spec_.query_token));
    return step;
  }

 private:
  const GradientWeightedAttentionSpec spec_;
};

}  // namespace

std::unique_ptr<Method> Make(const GradientWeightedAttentionSpec& spec) {
  return std::make_unique<GradientWeightedAttention>(spec);
}

}  // namespace limpid::explain
