#include "engine/ops/rotary.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/cos.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/sin.h>

#include <utility>

#include "engine/kernels/cpu/elementwise.h"
#include "engine/kernels/cpu/rotary.h"

namespace limpid::engine {

RotaryAngles MakeAngles(const Rotary& rotary, const at::Tensor& positions) {
  // Read only.
  auto* data = const_cast<float*>(rotary.inverse_frequencies.data());
  const auto pairs = static_cast<int64_t>(rotary.inverse_frequencies.size());
  const at::Tensor frequencies = at::from_blob(data, {1, pairs}).to(positions.device());
  const at::Tensor angles = positions.to(at::kFloat).unsqueeze(1) * frequencies;
  return {at::cos(angles).mul_(rotary.factor), at::sin(angles).mul_(rotary.factor)};
}

void Rotate(const RotaryAngles& angles, int64_t num_heads, int64_t head_size, at::Tensor* x) {
  if (cpu::Takes(*x)) return cpu::Rotate(angles, num_heads, head_size, x);
  const int64_t tokens = x->size(0), pairs = angles.cosine.size(1);
  const at::Tensor heads = x->narrow(1, 0, num_heads * head_size).view({tokens, num_heads, head_size});
  const at::Tensor cosine = angles.cosine.unsqueeze(1).to(x->scalar_type());
  const at::Tensor sine = angles.sine.unsqueeze(1).to(x->scalar_type());
  const at::Tensor a = heads.narrow(2, 0, pairs), b = heads.narrow(2, pairs, pairs);
  const at::Tensor turned = a * cosine - b * sine;
  b.copy_(b * cosine + a * sine);
  a.copy_(turned);
}

void RotateVjp(const RotaryAngles& angles, int64_t num_heads, int64_t head_size, at::Tensor* grad) {
  Rotate({angles.cosine, -angles.sine}, num_heads, head_size, grad);
}

}  // namespace limpid::engine
