#include "engine/pass/layer.h"

#include "engine/ops/layer_norm.h"
#include "engine/ops/linear.h"

namespace limpid::engine {

at::Tensor AfterAttention(const Architecture& architecture, const LayerWeights& weights, const BackwardRules& rules,
                          const at::Tensor& input, const at::Tensor& context, SavedLayer* saved) {
  const auto keep = [&](auto SavedLayer::* member) { return saved == nullptr ? nullptr : &(saved->*member); };
  // 3. Output projection, residual, norm.
  const at::Tensor middle =
      AddLayerNormForward(weights.attention_norm, input, LinearForward(weights.attention_output, context),
                          keep(&SavedLayer::attention_norm));
  // 4. Feed-forward.
  const at::Tensor activated = rules.activated_linear_forward(weights.mlp_up, architecture.activation, middle,
                                                              keep(&SavedLayer::mlp_derivative));
  // 5. Down projection, residual, norm.
  return AddLayerNormForward(weights.mlp_norm, middle, LinearForward(weights.mlp_down, activated),
                             keep(&SavedLayer::mlp_norm));
}

}  // namespace limpid::engine
