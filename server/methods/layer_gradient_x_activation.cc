#include "base/status_macros.h"
#include "explain/method.h"
#include "explain/tensors.h"
#include "methods/lib/options.h"
#include "methods/registry.h"

namespace limpid::methods {
namespace {

// sum_d h_d * dF/dh_d of the hidden states that enter a layer, or of the last ones: one row of what the base row's
// backward pass has for all of them.
class LayerGradientXActivation final : public explain::Method {
 public:
  explicit LayerGradientXActivation(const v1::LayerGradientXActivation& options) : options_(options) {}

  absl::Status Check(const explain::MethodInput& input) const override { return Layer(input).status(); }

  void Plan(const explain::MethodInput&, engine::Wanted* base) const override {
    base->layer_gradient_x_activation = true;
  }

  absl::StatusOr<explain::FoldStep> Fold(const explain::MethodInput& input, const engine::RowResult& base,
                                         std::span<const engine::RowResult>) override {
    ABSL_ASSIGN_OR_RETURN(const int32_t layer, Layer(input));
    explain::FoldStep step;
    step.scores.card.layer = layer;
    step.scores.card.reduction = explain::Reduction::kSum;
    step.scores.card.is_signed = true;
    const std::span<const float> row = explain::RowOf(base.layer_gradient_x_activation, static_cast<size_t>(layer));
    step.scores.scores.assign(row.begin(), row.end());
    return step;
  }

 private:
  absl::StatusOr<int32_t> Layer(const explain::MethodInput& input) const {
    const auto middle = static_cast<int32_t>(input.model.num_layers / 2);
    return ResolveLayer(options_.has_layer() ? options_.layer() : middle, input.model.num_layers + 1);
  }

  const v1::LayerGradientXActivation options_;
};

const Registration kRegistration(v1::Method::kLayerGradientXActivation, [](const v1::Method& method) {
  return std::make_unique<LayerGradientXActivation>(method.layer_gradient_x_activation());
});

}  // namespace
}  // namespace limpid::methods
