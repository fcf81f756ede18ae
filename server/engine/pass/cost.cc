#include "engine/pass/cost.h"

#include <algorithm>

namespace limpid::engine {
namespace {

constexpr double kSlack = 1.1;
constexpr double kFixedBytes = 64 << 10;  // index tensors, small heads, allocators' rounding

size_t NumGradientPoints(const Wanted& wanted) {
  return static_cast<size_t>(std::count(wanted.gradient_at.begin(), wanted.gradient_at.end(), true));
}

double ResultFloats(const Architecture& a, double tokens, const Wanted& wanted) {
  const auto layers = static_cast<double>(a.num_hidden_layers), heads = static_cast<double>(a.num_attention_heads);
  double floats = heads * tokens * tokens * static_cast<double>(wanted.attention_layers.size());
  if (wanted.head_mean_attention) floats += layers * tokens * tokens;
  if (wanted.gradient_attention) floats += layers * tokens * tokens;
  if (wanted.head_importance) floats += layers * heads;
  return floats + 2 * tokens * static_cast<double>(a.hidden_size) * static_cast<double>(NumGradientPoints(wanted));
}

double PeakFloats(const Architecture& a, double tokens, const Wanted& wanted) {
  const auto layers = static_cast<double>(a.num_hidden_layers), heads = static_cast<double>(a.num_attention_heads);
  const auto hidden = static_cast<double>(a.hidden_size), wide = static_cast<double>(a.intermediate_size);
  const bool backward = wanted.needs_backward();
  // Kept per token and layer: q, k, v, context, two norms and their scale, the activation's derivative.
  const double kept = 3 * hidden + hidden + 2 * hidden + 2 + (backward ? wide : 0);
  // Beside them at once: the layer's input and output, the feed-forward's two ends, the gradients of q, k, v.
  const double temporary = 4 * hidden + 2 * wide + (backward ? 5 * hidden + wide : 0);
  const double embeddings = 4 * hidden;
  const double maps = layers * heads * tokens * tokens;
  // One head's scores and their gradient are blocks on the stack of each thread; the portable kernels take whole ones.
  const double map_blocks = 3 * heads * tokens * tokens;
  return tokens * (embeddings + layers * kept + temporary) + maps + map_blocks;
}

}  // namespace

PassCost CostOf(const Architecture& a, size_t num_tokens, const Wanted& wanted) {
  const auto tokens = static_cast<double>(num_tokens), hidden = static_cast<double>(a.hidden_size);
  const auto layers = static_cast<double>(a.num_hidden_layers);
  const double linear = layers * 2 * tokens * hidden * (4 * hidden + 2 * static_cast<double>(a.intermediate_size));
  const double attention = layers * 4 * tokens * tokens * hidden;
  const double result_bytes = sizeof(float) * ResultFloats(a, tokens, wanted);
  PassCost cost;
  cost.flops = linear + attention + (wanted.needs_backward() ? linear + 2 * attention : 0);
  cost.result_bytes = static_cast<uint64_t>(result_bytes);
  cost.peak_bytes =
      static_cast<uint64_t>(kSlack * (sizeof(float) * PeakFloats(a, tokens, wanted) + result_bytes) + kFixedBytes);
  return cost;
}

}  // namespace limpid::engine
