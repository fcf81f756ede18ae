#include "explain/method.h"
#include "explain/tensors.h"
#include "methods/registry.h"

namespace limpid::methods {
namespace {

// Row `query` of (I + S_L) ... (I + S_1), which is R after R += S_l R for l = 1..L (Chefer et al., ICCV 2021, rules 5
// and 6), without the query's own entry. [layers, T, T] -> [T].
std::vector<double> RelevanceRow(const engine::HostTensor& gradient_attention, size_t query) {
  std::vector<double> row = explain::UnitRow(static_cast<size_t>(gradient_attention.shape[1]), query);
  for (auto layer = static_cast<size_t>(gradient_attention.shape[0]); layer-- > 0;) {
    row = explain::TimesMatrixPlusIdentity(row, explain::MatrixOf(gradient_attention, layer));
  }
  row[query] = 0;
  return row;
}

class GradientWeightedAttention final : public explain::Method {
 public:
  explicit GradientWeightedAttention(const v1::GradientWeightedAttention& options) : options_(options) {}

  absl::Status Check(const explain::MethodInput& input) const override {
    return explain::CheckQueryToken(options_.query_token(), input);
  }

  void Plan(const explain::MethodInput&, engine::Wanted* base) const override { base->gradient_attention = true; }

  absl::StatusOr<explain::FoldStep> Fold(const explain::MethodInput& input, const engine::RowResult& base,
                                         std::span<const engine::RowResult>) override {
    explain::FoldStep step;
    step.scores.card.query_token =
        static_cast<int32_t>(explain::QueryToken(options_.query_token(), input, base.prediction));
    step.scores.scores = explain::ToFloats(
        RelevanceRow(base.gradient_attention, explain::QueryToken(options_.query_token(), input, base.prediction)));
    return step;
  }

 private:
  const v1::GradientWeightedAttention options_;
};

const Registration kRegistration(v1::Method::kGradientWeightedAttention, [](const v1::Method& method) {
  return std::make_unique<GradientWeightedAttention>(method.gradient_weighted_attention());
});

}  // namespace
}  // namespace limpid::methods
