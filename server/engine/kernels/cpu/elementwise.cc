#include "engine/kernels/cpu/elementwise.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>

#include <utility>

#include "engine/kernels/cpu/parallel.h"

namespace limpid::engine::cpu {
namespace {

// About 32 thousand elements a task: enough to be worth waking a thread.
int64_t Grain(int64_t cols) { return std::max<int64_t>(1, 32768 / cols); }

const float* DataOrNull(const at::Tensor& tensor) {
  return tensor.defined() ? tensor.const_data_ptr<float>() : nullptr;
}

thread_local bool portable_only = false;

}  // namespace

PortableOnly::PortableOnly() : before_(std::exchange(portable_only, true)) {}

PortableOnly::~PortableOnly() { portable_only = before_; }

bool Takes(const at::Tensor& x) {
  return !portable_only && x.is_cpu() && x.scalar_type() == at::kFloat && x.is_contiguous() && BestKernels() != nullptr;
}

at::Tensor ActivationForward(const Kernels& kernels, Activation activation, at::Tensor x, at::Tensor* derivative) {
  const int64_t rows = x.size(0), cols = x.size(1);
  if (derivative != nullptr) *derivative = at::empty_like(x);
  float* data = x.data_ptr<float>();
  float* slope = derivative == nullptr ? nullptr : derivative->data_ptr<float>();
  ForRows(rows, Grain(cols), [&](int64_t begin, int64_t end) {
    kernels.activate(activation, data + begin * cols, slope == nullptr ? nullptr : slope + begin * cols, end - begin,
                     cols, cols);
  });
  return x;
}

at::Tensor AddLayerNormForward(const Kernels& kernels, const LayerNormWeights& weights, const at::Tensor& residual,
                               at::Tensor x, LayerNormSaved* saved) {
  // Without a vjp to come the output takes the place of what it is made of.
  at::Tensor output = saved == nullptr ? x : at::empty_like(x);
  if (saved != nullptr) *saved = {x, at::empty({x.size(0), 1}, x.options())};
  const LayerNormCall call = {
      .x = x.data_ptr<float>(),
      .residual = DataOrNull(residual),
      .weight = weights.weight.const_data_ptr<float>(),
      .norm_bias = weights.bias.const_data_ptr<float>(),
      .output = output.data_ptr<float>(),
      .rstd = saved == nullptr ? nullptr : saved->rstd.data_ptr<float>(),
      .cols = x.size(1),
      .eps = static_cast<float>(weights.eps),
  };
  ForRows(x.size(0), Grain(call.cols), [&](int64_t begin, int64_t end) { kernels.add_layer_norm(call, begin, end); });
  return output;
}

at::Tensor AddLayerNormVjp(const Kernels& kernels, const LayerNormWeights& weights, const LayerNormSaved& saved,
                           const at::Tensor& grad_output, const at::Tensor& grad_residual) {
  at::Tensor grad_input = at::empty_like(grad_output);
  const LayerNormVjpCall call = {
      .grad = grad_output.const_data_ptr<float>(),
      .grad_residual = DataOrNull(grad_residual),
      .normalized = saved.normalized.const_data_ptr<float>(),
      .rstd = saved.rstd.const_data_ptr<float>(),
      .weight = weights.weight.const_data_ptr<float>(),
      .grad_input = grad_input.data_ptr<float>(),
      .cols = grad_output.size(1),
  };
  ForRows(grad_output.size(0), Grain(call.cols),
          [&](int64_t begin, int64_t end) { kernels.layer_norm_vjp(call, begin, end); });
  return grad_input;
}

}  // namespace limpid::engine::cpu
