#pragma once

#include <ATen/core/TensorBody.h>

#include "engine/kernels/cpu/kernels.h"
#include "engine/ops/norm.h"

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

// The tuned CPU forms of ops/activation.h, ops/gated.h and ops/norm.h, rows spread over the compute threads.
at::Tensor ActivationForward(const Kernels& kernels, Activation activation, at::Tensor x, at::Tensor* derivative);
// z [rows, 2 * width] is used up.
at::Tensor GateForward(const Kernels& kernels, Activation activation, at::Tensor z, at::Tensor* derivative);
at::Tensor GateVjp(const at::Tensor& derivative, const at::Tensor& grad_output);
at::Tensor NormForward(const Kernels& kernels, const NormWeights& weights, const at::Tensor& x, NormSaved* saved);
at::Tensor AddNormForward(const Kernels& kernels, const NormWeights& weights, const at::Tensor& residual, at::Tensor x,
                          NormSaved* saved, at::Tensor* sum = nullptr);
at::Tensor AddNormVjp(const Kernels& kernels, const NormWeights& weights, const NormSaved& saved,
                      const at::Tensor& grad_output, const at::Tensor& grad_residual, const at::Tensor& grad_sum = {});

}  // namespace limpid::engine::cpu
