#pragma once

#include <ATen/core/TensorBody.h>

#include <memory>

namespace limpid::engine {

namespace cpu {
class PackedWeight;
}

// y = x W^T + b, W [out, in] and b [out] as checkpoints store them.
struct LinearWeights {
  at::Tensor weight;
  at::Tensor bias;
  // W^T and W as the tuned CPU path reads them; null without it.
  std::shared_ptr<const cpu::PackedWeight> packed_forward = nullptr, packed_vjp = nullptr;
};

// Fills in the packed forms, where the device and type have them.
void PackLinear(LinearWeights* weights);

// x [total_tokens, in] -> [total_tokens, out].
at::Tensor LinearForward(const LinearWeights& weights, const at::Tensor& x);

// The same without the bias, for a following op that adds it while it has the data at hand.
at::Tensor LinearForwardWithoutBias(const LinearWeights& weights, const at::Tensor& x);

// dF/dx [total_tokens, in] from dF/dy [total_tokens, out]: grad_output W.
at::Tensor LinearVjp(const LinearWeights& weights, const at::Tensor& grad_output);

}  // namespace limpid::engine
