#include <ATen/ops/rand.h>
#include <ATen/ops/randn.h>

#include <utility>

#include "bench/kernels/op_cases.h"
#include "engine/ops/activation.h"
#include "engine/ops/norm.h"

namespace limpid::bench {
namespace {

// Of so many arrays [tokens, width].
double Bytes(int arrays, int64_t tokens, int64_t width) {
  return sizeof(float) * static_cast<double>(arrays) * static_cast<double>(tokens) * static_cast<double>(width);
}

engine::NormWeights Norm(int64_t hidden) { return {at::randn({hidden}), at::randn({hidden})}; }

}  // namespace

OpCase ActivationCase(engine::Activation activation, int64_t tokens, int64_t width) {
  // It uses up its input, whose own activation would soon be denormal numbers: hence the copy.
  const auto run = [=, x = at::randn({tokens, width})] {
    at::Tensor derivative;
    engine::ActivationForward(activation, x.clone(), &derivative);
  };
  return {.run = run, .bytes = Bytes(5, tokens, width)};
}

OpCase NormCase(int64_t tokens, int64_t hidden) {
  // It is given its own output again: a copy would take longer than it does.
  const auto run = [weights = Norm(hidden), residual = at::randn({tokens, hidden}),
                    x = at::randn({tokens, hidden})]() mutable {
    engine::NormSaved saved;
    x = AddNormForward(weights, residual, std::move(x), &saved);
  };
  return {.run = run, .bytes = Bytes(4, tokens, hidden)};
}

OpCase NormVjpCase(int64_t tokens, int64_t hidden) {
  const auto run = [weights = Norm(hidden),
                    saved = engine::NormSaved{at::randn({tokens, hidden}), at::rand({tokens, 1})},
                    grad_output = at::randn({tokens, hidden}), grad_residual = at::randn({tokens, hidden})] {
    engine::AddNormVjp(weights, saved, grad_output, grad_residual);
  };
  return {.run = run, .bytes = Bytes(4, tokens, hidden)};
}

}  // namespace limpid::bench
