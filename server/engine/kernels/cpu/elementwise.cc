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

at::Tensor GateForward(const Kernels& kernels, Activation activation, at::Tensor z, at::Tensor* derivative) {
  const int64_t rows = z.size(0), stride = z.size(1), width = stride / 2;
  at::Tensor y = at::empty({rows, width}, z.options());
  if (derivative != nullptr) *derivative = at::empty_like(z);
  float* gates = z.data_ptr<float>();
  float* slopes = derivative == nullptr ? nullptr : derivative->data_ptr<float>();
  float* out = y.data_ptr<float>();
  ForRows(rows, Grain(stride), [&](int64_t begin, int64_t end) {
    float* slope = slopes == nullptr ? nullptr : slopes + begin * stride;
    kernels.activate(activation, gates + begin * stride, slope, end - begin, width, stride);
    for (int64_t r = begin; r < end; ++r) {
      const float* gate = gates + r * stride;
      const float* up = gate + width;
      for (int64_t i = 0; i < width; ++i) out[r * width + i] = gate[i] * up[i];
      if (slopes == nullptr) continue;
      for (int64_t i = 0; i < width; ++i) slopes[r * stride + i] *= up[i];
      std::copy_n(gate, width, slopes + r * stride + width);
    }
  });
  return y;
}

at::Tensor GateVjp(const at::Tensor& derivative, const at::Tensor& grad_output) {
  const int64_t rows = grad_output.size(0), width = grad_output.size(1);
  at::Tensor grad = at::empty({rows, 2 * width}, grad_output.options());
  const float* slopes = derivative.const_data_ptr<float>();
  const float* grads = grad_output.const_data_ptr<float>();
  float* out = grad.data_ptr<float>();
  ForRows(2 * rows, Grain(width), [&](int64_t begin, int64_t end) {
    for (int64_t half = begin; half < end; ++half) {
      const float* of_row = grads + half / 2 * width;
      for (int64_t i = 0; i < width; ++i) out[half * width + i] = slopes[half * width + i] * of_row[i];
    }
  });
  return grad;
}

namespace {

// `normalized` may be x.
at::Tensor RunNorm(const Kernels& kernels, const NormWeights& weights, const at::Tensor& residual, const at::Tensor& x,
                   at::Tensor normalized, NormSaved* saved, at::Tensor* sum) {
  // Without a vjp to come the output takes the place of what it is made of.
  at::Tensor output = saved == nullptr ? normalized : at::empty_like(x);
  if (saved != nullptr) *saved = {normalized, at::empty({x.size(0), 1}, x.options())};
  if (sum != nullptr) *sum = at::empty_like(x);
  const NormCall call = {
      .x = x.const_data_ptr<float>(),
      .residual = DataOrNull(residual),
      .sum = sum == nullptr ? nullptr : sum->data_ptr<float>(),
      .normalized = normalized.data_ptr<float>(),
      .weight = weights.weight.const_data_ptr<float>(),
      .norm_bias = DataOrNull(weights.bias),
      .output = output.data_ptr<float>(),
      .rstd = saved == nullptr ? nullptr : saved->rstd.data_ptr<float>(),
      .cols = x.size(1),
      .eps = static_cast<float>(weights.eps),
      .is_centred = weights.kind == NormKind::kLayerNorm,
  };
  ForRows(x.size(0), Grain(call.cols), [&](int64_t begin, int64_t end) { kernels.add_norm(call, begin, end); });
  return output;
}

}  // namespace

at::Tensor NormForward(const Kernels& kernels, const NormWeights& weights, const at::Tensor& x, NormSaved* saved) {
  return RunNorm(kernels, weights, /*residual=*/{}, x, at::empty_like(x), saved, /*sum=*/nullptr);
}

at::Tensor AddNormForward(const Kernels& kernels, const NormWeights& weights, const at::Tensor& residual, at::Tensor x,
                          NormSaved* saved, at::Tensor* sum) {
  return RunNorm(kernels, weights, residual, x, x, saved, sum);
}

at::Tensor AddNormVjp(const Kernels& kernels, const NormWeights& weights, const NormSaved& saved,
                      const at::Tensor& grad_output, const at::Tensor& grad_residual, const at::Tensor& grad_sum) {
  at::Tensor grad_input = at::empty_like(grad_output);
  const NormVjpCall call = {
      .grad = grad_output.const_data_ptr<float>(),
      .grad_residual = DataOrNull(grad_residual),
      .grad_sum = DataOrNull(grad_sum),
      .normalized = saved.normalized.const_data_ptr<float>(),
      .rstd = saved.rstd.const_data_ptr<float>(),
      .weight = weights.weight.const_data_ptr<float>(),
      .grad_input = grad_input.data_ptr<float>(),
      .cols = grad_output.size(1),
      .is_centred = weights.kind == NormKind::kLayerNorm,
  };
  ForRows(grad_output.size(0), Grain(call.cols),
          [&](int64_t begin, int64_t end) { kernels.norm_vjp(call, begin, end); });
  return grad_input;
}

}  // namespace limpid::engine::cpu
