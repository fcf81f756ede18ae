#include "base/status_macros.h"
#include "explain/method.h"
#include "explain/tensors.h"
#include "methods/lib/options.h"
#include "methods/registry.h"

namespace limpid::methods {
namespace {

// Row `query_token` of S = mean over heads of max(0, dF/dA * A) of one layer.
class GradientXAttention final : public explain::Method {
 public:
  explicit GradientXAttention(const v1::GradientXAttention& options)
      : layer_(options.has_layer() ? options.layer() : -1), query_token_(options.query_token()) {}

  absl::Status Check(const explain::MethodInput& input) const override {
    ABSL_RETURN_IF_ERROR(ResolveLayer(layer_, input.model.num_layers).status());
    return explain::CheckQueryToken(query_token_, input);
  }

  void Plan(const explain::MethodInput&, engine::Wanted* base) const override { base->gradient_attention = true; }

  absl::StatusOr<explain::FoldStep> Fold(const explain::MethodInput& input, const engine::RowResult& base,
                                         std::span<const engine::RowResult>) override {
    ABSL_ASSIGN_OR_RETURN(const int32_t layer, ResolveLayer(layer_, input.model.num_layers));
    explain::FoldStep step;
    step.scores.card.layer = layer;
    step.scores.card.query_token = static_cast<int32_t>(explain::QueryToken(query_token_, input, base.prediction));
    const size_t first_row = static_cast<size_t>(layer) * input.num_tokens();
    const std::span<const float> row =
        explain::RowOf(base.gradient_attention, first_row + explain::QueryToken(query_token_, input, base.prediction));
    step.scores.scores.assign(row.begin(), row.end());
    return step;
  }

 private:
  const int32_t layer_;
  const uint32_t query_token_;
};

const Registration kRegistration(v1::Method::kGradientXAttention, [](const v1::Method& method) {
  return std::make_unique<GradientXAttention>(method.gradient_x_attention());
});

}  // namespace
}  // namespace limpid::methods
