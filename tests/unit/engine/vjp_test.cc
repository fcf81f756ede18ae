// Every op's vector-Jacobian product in double against central finite differences of its forward.
#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <functional>

#include "engine/ops/activation.h"
#include "engine/ops/attention.h"
#include "engine/ops/linear.h"
#include "engine/ops/norm.h"
#include "unit/engine/op_kernels.h"

namespace limpid::engine {
namespace {

at::Tensor Random(at::IntArrayRef shape) { return at::randn(shape, at::kDouble); }

// d sum(cotangent * f(x)) / dx, one element of x at a time.
at::Tensor FiniteDifferences(const std::function<at::Tensor(const at::Tensor&)>& f, const at::Tensor& x,
                             const at::Tensor& cotangent) {
  constexpr double kStep = 1e-5;
  const at::Tensor grad = at::empty_like(x), moved = x.clone();
  for (int64_t i = 0; i < x.numel(); ++i) {
    double* element = moved.data_ptr<double>() + i;
    const double value = *element;
    *element = value + kStep;
    const double above = (f(moved) * cotangent).sum().item<double>();
    *element = value - kStep;
    const double below = (f(moved) * cotangent).sum().item<double>();
    *element = value;
    grad.data_ptr<double>()[i] = (above - below) / (2 * kStep);
  }
  return grad;
}

// Truncation and cancellation of the differences are near 1e-10; a wrong formula is wrong in the first digits.
constexpr double kTolerance = 1e-7;

class Vjp : public ::testing::Test {
 protected:
  void SetUp() override { at::manual_seed(3); }
};

TEST_F(Vjp, Linear) {
  const LinearWeights weights = {Random({5, 7}), Random({5})};
  const at::Tensor x = Random({4, 7}), cotangent = Random({4, 5});

  const at::Tensor truth =
      FiniteDifferences([&](const at::Tensor& v) { return LinearForward(weights, v); }, x, cotangent);

  EXPECT_LE(RelativeError(LinearVjp(weights, cotangent), truth), kTolerance);
}

TEST_F(Vjp, Activation) {
  for (const Activation activation : {Activation::kGelu, Activation::kGeluTanh, Activation::kRelu, Activation::kTanh}) {
    const at::Tensor x = Random({3, 11}), cotangent = Random({3, 11});
    const auto forward = [&](const at::Tensor& v) { return ActivationForward(activation, v.clone(), nullptr); };
    at::Tensor derivative;
    ActivationForward(activation, x.clone(), &derivative);

    EXPECT_LE(RelativeError(cotangent * derivative, FiniteDifferences(forward, x, cotangent)), kTolerance);
  }
}

TEST_F(Vjp, LinearsAroundAnActivation) {
  const LinearWeights up = {Random({9, 4}), Random({9})}, down = {Random({4, 9}), Random({4})};
  const at::Tensor x = Random({3, 4}), cotangent = Random({3, 4});
  const auto forward = [&](const at::Tensor& v) {
    return LinearForward(down, ActivatedLinearForward(up, Activation::kGelu, v, nullptr));
  };
  at::Tensor derivative;
  ActivatedLinearForward(up, Activation::kGelu, x, &derivative);

  const at::Tensor grad = LinearVjp(up, LinearVjp(down, cotangent, derivative));

  EXPECT_LE(RelativeError(grad, FiniteDifferences(forward, x, cotangent)), kTolerance);
}

TEST_F(Vjp, AddLayerNormTowardInputAndResidual) {
  const NormWeights weights = {Random({6}), Random({6}), 1e-5};
  const at::Tensor x = Random({3, 6}), residual = Random({3, 6});
  const at::Tensor cotangent = Random({3, 6}), beside = Random({3, 6});
  NormSaved saved, ignored;
  AddNormForward(weights, residual, x, &saved);
  const at::Tensor grad = AddNormVjp(weights, saved, cotangent, beside);

  const auto of_x = [&](const at::Tensor& v) { return AddNormForward(weights, residual, v, &ignored); };
  const auto of_residual = [&](const at::Tensor& v) { return AddNormForward(weights, v, x, &ignored); };
  EXPECT_LE(RelativeError(grad, FiniteDifferences(of_x, x, cotangent + beside)), kTolerance);
  EXPECT_LE(RelativeError(grad, FiniteDifferences(of_residual, residual, cotangent + beside)), kTolerance);
  EXPECT_LE(RelativeError(AddNormVjp(weights, saved, cotangent, {}), FiniteDifferences(of_x, x, cotangent)),
            kTolerance);
}

TEST_F(Vjp, Attention) {
  const std::vector<int64_t> cu_seqlens = {0, 4, 5, 11};
  const AttentionShape shape = {cu_seqlens, 2, 2};
  const at::Tensor qkv = Random({11, 3 * 6}), cotangent = Random({11, 6});
  std::vector<at::Tensor> probs, ignored;
  AttentionForward(shape, qkv, {}, &probs);

  const at::Tensor truth =
      FiniteDifferences([&](const at::Tensor& v) { return AttentionForward(shape, v, {}, &ignored); }, qkv, cotangent);

  EXPECT_LE(RelativeError(AttentionVjp(shape, qkv, probs, cotangent, {}), truth), kTolerance);
}

}  // namespace
}  // namespace limpid::engine
