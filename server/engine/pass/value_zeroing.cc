#include "engine/pass/value_zeroing.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/linalg_vector_norm.h>

#include <algorithm>

#include "engine/pass/layer.h"

namespace limpid::engine {
namespace {

at::Tensor Directions(const at::Tensor& x) {
  return x / at::linalg_vector_norm(x, 2, at::IntArrayRef{-1}, /*keepdim=*/true).clamp_min_(1e-12);
}

}  // namespace

at::Tensor ValueZeroing(const Architecture& architecture, const LayerWeights& weights, const LayerOfRow& row) {
  const int64_t length = row.input.size(0), hidden = row.input.size(1);
  const int64_t heads = architecture.num_attention_heads, size = architecture.head_size;
  const int64_t group = heads / architecture.num_key_value_heads;
  const BackwardRules& rules = RulesOf(BackwardRule::kGradient);  // not asked for: nothing is saved
  const at::Tensor directions = Directions(row.output);
  at::Tensor zeroing = at::empty({length, length}, row.input.options());
  const int64_t block = std::max<int64_t>(1, kValueZeroingTokens / length);
  for (int64_t begin = 0; begin < length; begin += block) {
    const int64_t count = std::min(block, length - begin);
    // [count, T, heads, size]: what context i loses with each token j of the block.
    const at::Tensor weight = row.probs.narrow(2, begin, count).permute({2, 1, 0}).contiguous().unsqueeze(-1);
    const at::Tensor shared = row.value.narrow(0, begin, count).unflatten(1, {-1, size});
    const at::Tensor value = shared.repeat_interleave(group, 1).unsqueeze(1);
    const at::Tensor context = row.context.view({1, length, heads, size}) - weight * value;
    const at::Tensor input = row.input.unsqueeze(0).expand({count, length, hidden}).reshape({count * length, hidden});
    const at::Tensor output =
        AfterAttention(architecture, weights, rules, input, context.view({count * length, heads * size}),
                       /*saved=*/nullptr);
    // 1 - cos as half the squared distance of the directions: the cosine is so near 1 that fp32 would leave two digits.
    const at::Tensor change = Directions(output.view({count, length, hidden})) - directions;
    zeroing.narrow(1, begin, count).copy_(change.square_().sum(-1).mul_(0.5).t());
  }
  return zeroing;
}

}  // namespace limpid::engine
