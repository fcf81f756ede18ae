#include "engine/kernels/cpu/linear.h"

#include <ATen/ops/empty.h>

#include "engine/kernels/cpu/product.h"

namespace limpid::engine::cpu {
namespace {

MatrixView ViewOf(const at::Tensor& matrix) {
  return {matrix.const_data_ptr<float>(), matrix.stride(0), matrix.stride(1)};
}

// x W^T + b, into y.
ProductCall Forward(const LinearWeights& weights, const at::Tensor& x, const at::Tensor& y) {
  return {.x = ViewOf(x),
          .m = ViewOf(weights.weight).Transposed(),
          .rows = x.size(0),
          .inner = x.size(1),
          .cols = y.size(1),
          .bias = weights.bias.defined() ? weights.bias.const_data_ptr<float>() : nullptr,
          .y = y.data_ptr<float>()};
}

}  // namespace

at::Tensor LinearForward(const Kernels& kernels, const LinearWeights& weights, const at::Tensor& x) {
  at::Tensor y = at::empty({x.size(0), weights.weight.size(0)}, x.options());
  Multiply(kernels, Forward(weights, x, y));
  return y;
}

at::Tensor ActivatedLinearForward(const Kernels& kernels, const LinearWeights& weights, Activation activation,
                                  const at::Tensor& x, at::Tensor* derivative) {
  at::Tensor y = at::empty({x.size(0), weights.weight.size(0)}, x.options());
  if (derivative != nullptr) *derivative = at::empty(y.sizes(), y.options());
  float* data = y.data_ptr<float>();
  float* slope = derivative == nullptr ? nullptr : derivative->data_ptr<float>();
  const int64_t stride = y.size(1);
  Multiply(kernels, Forward(weights, x, y), [&](const Block& block) {
    const int64_t at = block.row * stride + block.col;
    kernels.activate(activation, data + at, slope == nullptr ? nullptr : slope + at, block.rows, block.cols, stride);
  });
  return y;
}

at::Tensor LinearVjp(const Kernels& kernels, const LinearWeights& weights, const at::Tensor& grad_output,
                     const at::Tensor& slope) {
  at::Tensor grad = at::empty({grad_output.size(0), weights.weight.size(1)}, grad_output.options());
  const ProductCall call = {.x = ViewOf(grad_output),
                            .m = ViewOf(weights.weight),
                            .rows = grad_output.size(0),
                            .inner = grad_output.size(1),
                            .cols = grad.size(1),
                            .bias = nullptr,
                            .y = grad.data_ptr<float>()};
  if (!slope.defined()) {
    Multiply(kernels, call);
    return grad;
  }
  const float* factor = slope.const_data_ptr<float>();
  Multiply(kernels, call, [&](const Block& block) {
    const int64_t at = block.row * call.cols + block.col;
    kernels.scale_by(factor + at, call.y + at, block.rows, block.cols, call.cols);
  });
  return grad;
}

}  // namespace limpid::engine::cpu
