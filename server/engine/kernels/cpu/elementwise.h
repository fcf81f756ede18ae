#pragma once

#include <ATen/core/TensorBody.h>

#include "engine/kernels/cpu/kernels.h"
#include "engine/ops/layer_norm.h"

namespace limpid::engine::cpu {

// True if the tuned path can take this tensor: fp32, contiguous rows, on a CPU with vector kernels, and no PortableOnly
// on this thread.
bool Takes(const at::Tensor& x);

// While one lives, every operation that this thread begins runs in its portable form: what the tuned ones are checked
// against.
class PortableOnly {
 public:
  PortableOnly();
  ~PortableOnly();
  PortableOnly(const PortableOnly&) = delete;
  PortableOnly& operator=(const PortableOnly&) = delete;

 private:
  const bool before_;
};

// The tuned CPU forms of ops/activation.h and ops/layer_norm.h, rows spread over the compute threads.
at::Tensor ActivationForward(const Kernels& kernels, Activation activation, at::Tensor x, at::Tensor* derivative);
at::Tensor AddLayerNormForward(const Kernels& kernels, const LayerNormWeights& weights, const at::Tensor& residual,
                               at::Tensor x, LayerNormSaved* saved);
at::Tensor AddLayerNormVjp(const Kernels& kernels, const LayerNormWeights& weights, const LayerNormSaved& saved,
                           const at::Tensor& grad_output, const at::Tensor& grad_residual);

}  // namespace limpid::engine::cpu
