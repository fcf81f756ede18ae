// What decoders have beyond an encoder's operations: the tuned CPU kernels against the portable ops in double, and
// these against differences.
#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <ostream>
#include <tuple>
#include <vector>

#include "engine/kernels/cpu/attention.h"
#include "engine/kernels/cpu/elementwise.h"
#include "engine/kernels/cpu/rotary.h"
#include "engine/ops/activation.h"
#include "engine/ops/attention.h"
#include "engine/ops/gated.h"
#include "engine/ops/norm.h"
#include "engine/ops/rotary.h"
#include "unit/engine/op_kernels.h"

namespace limpid::engine {
namespace {

at::Tensor Double(const at::Tensor& x) { return x.defined() ? x.to(at::kDouble) : x; }

struct Case {
  const char* name;
  std::vector<int64_t> lengths;
  int64_t heads, kv_heads, head_size;
  AttentionMask mask;
  double scale = 0;
  bool has_gaps = false;  // tokens are left out

  friend void PrintTo(const Case& one, std::ostream* out) { *out << one.name; }
};

const Case kCases[] = {
    {"CausalOneToken", {1}, 2, 2, 4, {.is_causal = true}},
    {"Causal", {7, 61, 130}, 3, 3, 32, {.is_causal = true}},
    {"CausalSharedHeads", {50, 97}, 6, 2, 10, {.is_causal = true}, 1.0},
    {"OneSharedHead", {100}, 4, 1, 16, {}},
    {"CausalWindow", {5, 120}, 4, 2, 8, {.is_causal = true, .window = 9}},
    {"WindowOfItself", {60}, 2, 2, 8, {.is_causal = true, .window = 1}},
    {"WindowOnBothSides", {3, 150}, 2, 2, 24, {.is_causal = false, .window = 11}},
    {"CausalWindowWithGaps", {20, 120}, 4, 2, 8, {.is_causal = true, .window = 9}, 0, true},
    {"WindowOnBothSidesWithGaps", {3, 150}, 2, 2, 24, {.is_causal = false, .window = 11}, 0, true},
};

// Packed sequences of a case, random.
struct Packed {
  explicit Packed(const Case& one) {
    at::manual_seed(5);
    for (const int64_t length : one.lengths) cu_seqlens.push_back(cu_seqlens.back() + length);
    qkv = at::randn({cu_seqlens.back(), (one.heads + 2 * one.kv_heads) * one.head_size});
    grad = at::randn({cu_seqlens.back(), one.heads * one.head_size});
    shape = {.cu_seqlens = cu_seqlens, .num_heads = one.heads, .num_key_value_heads = one.kv_heads, .mask = one.mask};
    shape.scale = one.scale;
    if (!one.has_gaps) return;
    for (const int64_t length : one.lengths) {
      for (int64_t t = 0, at = 0; t < length; ++t, at += 1 + (t * t) % 4) positions.push_back(at);
    }
    shape.positions = positions;
  }

  std::vector<int64_t> cu_seqlens = {0}, positions;
  at::Tensor qkv, grad;
  AttentionShape shape;
};

class MaskedAttention : public ::testing::TestWithParam<std::tuple<KernelSet, Case>> {
 protected:
  void SetUp() override {
    kernels_ = std::get<0>(GetParam()).get();
    if (kernels_ == nullptr) GTEST_SKIP() << "this machine cannot run " << std::get<0>(GetParam()).name;
  }
  const cpu::Kernels* kernels_ = nullptr;
};

TEST_P(MaskedAttention, TunedAgreesWithPortable) {
  const Packed packed(std::get<1>(GetParam()));
  const size_t sequences = packed.cu_seqlens.size() - 1;
  std::vector<at::Tensor> probs, exact_probs, none(sequences), tap(sequences), exact_tap(sequences);
  const int64_t length = packed.cu_seqlens[1];
  tap[0] = at::empty({length, length});
  exact_tap[0] = Double(tap[0]);

  const at::Tensor output = cpu::AttentionForward(*kernels_, packed.shape, packed.qkv, {}, &probs);
  const at::Tensor grad = cpu::AttentionVjp(*kernels_, packed.shape, packed.qkv, probs, packed.grad, {tap});
  const at::Tensor again = cpu::AttentionVjp(*kernels_, packed.shape, packed.qkv, none, packed.grad, {});

  const at::Tensor exact = AttentionForward(packed.shape, Double(packed.qkv), {}, &exact_probs);
  const at::Tensor exact_grad =
      AttentionVjp(packed.shape, Double(packed.qkv), exact_probs, Double(packed.grad), {exact_tap});
  EXPECT_LE(RelativeError(output, exact), kFp32Tolerance);
  EXPECT_LE(RelativeError(grad, exact_grad), 2 * kFp32Tolerance);
  EXPECT_TRUE(at::equal(grad, again));
  EXPECT_LE(RelativeError(tap[0], exact_tap[0]), kFp32Tolerance);
  for (size_t s = 0; s < sequences; ++s) EXPECT_LE((probs[s] - exact_probs[s]).abs().max().item<double>(), 1e-6);
}

TEST_P(MaskedAttention, AQueryAloneIsThatOfAll) {
  const Packed packed(std::get<1>(GetParam()));
  std::vector<at::Tensor> probs;
  std::vector<int64_t> queries;
  for (size_t s = 0; s + 1 < packed.cu_seqlens.size(); ++s) {
    queries.push_back((packed.cu_seqlens[s + 1] - packed.cu_seqlens[s]) / 2);
  }
  AttentionShape single = packed.shape;
  single.only_queries = queries;

  const at::Tensor all = AttentionForward(packed.shape, Double(packed.qkv), {}, &probs);
  const at::Tensor tuned = cpu::AttentionForward(*kernels_, single, packed.qkv, {}, &probs);
  EXPECT_FALSE(probs[0].defined());
  const at::Tensor portable = AttentionForward(single, Double(packed.qkv), {}, &probs);

  for (size_t s = 0; s < queries.size(); ++s) {
    const auto row = static_cast<int64_t>(s);
    EXPECT_LE(RelativeError(tuned[row], all[packed.cu_seqlens[s] + queries[s]]), kFp32Tolerance);
    EXPECT_LE(RelativeError(portable[row], all[packed.cu_seqlens[s] + queries[s]]), 1e-12);
  }
}

// A sequence with tokens left out is the whole one with a mask that hides them.
TEST_P(MaskedAttention, AWindowCountsTokensThatWereLeftOut) {
  const Case& one = std::get<1>(GetParam());
  if (!one.has_gaps) GTEST_SKIP();
  const Packed packed(one);
  std::vector<at::Tensor> probs;
  const at::Tensor got = cpu::AttentionForward(*kernels_, packed.shape, packed.qkv, {}, &probs);

  for (size_t s = 0; s < one.lengths.size(); ++s) {
    const int64_t begin = packed.cu_seqlens[s], length = one.lengths[s];
    const at::Tensor at = at::tensor(packed.positions).narrow(0, begin, length);
    const at::Tensor distance = at.unsqueeze(1) - at.unsqueeze(0);
    const int64_t window = one.mask.window;
    const at::Tensor sees =
        one.mask.is_causal ? (distance >= 0).logical_and(distance < window) : distance.abs() <= window;
    EXPECT_TRUE(at::equal(probs[s] > 0, sees.expand_as(probs[s])));
  }
}

// What comes later sees what was before: keys and values of all, queries of the last ones.
TEST_P(MaskedAttention, GoesOnFromKeysAndValues) {
  const Case& one = std::get<1>(GetParam());
  if (!one.mask.is_causal) GTEST_SKIP() << "only a causal model goes on";
  if (one.has_gaps) GTEST_SKIP() << "none is left out of what goes on";
  const Packed packed(one);
  const int64_t length = packed.cu_seqlens[1];
  const at::Tensor qkv = packed.qkv.narrow(0, 0, length);
  const std::vector<int64_t> whole_ends = {0, length};
  AttentionShape whole = packed.shape;
  whole.cu_seqlens = whole_ends;
  std::vector<at::Tensor> probs;
  const at::Tensor all = AttentionForward(whole, Double(qkv), {}, &probs);
  const int64_t width = 2 * one.kv_heads * one.head_size;
  const std::vector<at::Tensor> key_values = {qkv.narrow(1, qkv.size(1) - width, width)};
  for (const int64_t added : {int64_t{1}, length / 2, length}) {
    if (added == 0) continue;
    const std::vector<int64_t> ends = {0, added};
    AttentionShape rest = whole;
    rest.cu_seqlens = ends;
    rest.key_values = key_values;

    const at::Tensor last =
        cpu::AttentionForward(*kernels_, rest, qkv.narrow(0, length - added, added).contiguous(), {}, &probs);

    EXPECT_LE(RelativeError(last, all.narrow(0, length - added, added)), kFp32Tolerance);
    EXPECT_EQ(probs[0].sizes(), at::IntArrayRef({one.heads, added, length}));
  }
}

// d/dt sum(O(qkv + t d) * grad) = sum(vjp * d).
TEST_P(MaskedAttention, VjpIsTheDerivative) {
  const Packed packed(std::get<1>(GetParam()));
  const at::Tensor qkv = Double(packed.qkv), grad = Double(packed.grad), direction = at::randn_like(qkv);
  std::vector<at::Tensor> probs;
  const auto value = [&](double t) {
    return (AttentionForward(packed.shape, qkv + t * direction, {}, &probs) * grad).sum().item<double>();
  };
  constexpr double kStep = 1e-5;
  const double difference = (value(kStep) - value(-kStep)) / (2 * kStep);
  AttentionForward(packed.shape, qkv, {}, &probs);
  const double derivative = (AttentionVjp(packed.shape, qkv, probs, grad, {}) * direction).sum().item<double>();
  EXPECT_NEAR(derivative, difference, 1e-6 * (1 + std::abs(difference)));
}

INSTANTIATE_TEST_SUITE_P(Cases, MaskedAttention,
                         ::testing::Combine(::testing::ValuesIn(KernelSets()), ::testing::ValuesIn(kCases)),
                         [](const auto& test) {
                           return std::string(std::get<0>(test.param).name) + "_" + std::get<1>(test.param).name;
                         });

class DecoderOps : public ::testing::TestWithParam<KernelSet> {
 protected:
  void SetUp() override {
    at::manual_seed(2);
    kernels_ = GetParam().get();
    if (kernels_ == nullptr) GTEST_SKIP() << "this machine cannot run " << GetParam().name;
  }
  const cpu::Kernels* kernels_ = nullptr;
};

TEST_P(DecoderOps, NormsOfBothKindsKeepTheSumAndPassItsGradient) {
  for (const NormKind kind : {NormKind::kLayerNorm, NormKind::kRmsNorm}) {
    for (const int64_t width : {5, 16, 100}) {
      const at::Tensor bias = kind == NormKind::kLayerNorm ? at::randn({width}) : at::Tensor();
      const NormWeights weights = {at::randn({width}), bias, 1e-6, kind};
      const NormWeights exact = {Double(weights.weight), Double(bias), weights.eps, kind};
      const at::Tensor x = at::randn({9, width}), residual = at::randn({9, width}), grad = at::randn({9, width});
      const at::Tensor grad_sum = at::randn({9, width});
      NormSaved saved, exact_saved, alone_saved;
      at::Tensor sum;

      const at::Tensor y = cpu::AddNormForward(*kernels_, weights, residual, x.clone(), &saved, &sum);
      const at::Tensor alone = cpu::NormForward(*kernels_, weights, sum, &alone_saved);
      const at::Tensor grad_x = cpu::AddNormVjp(*kernels_, weights, saved, grad, {}, grad_sum);

      const at::Tensor expected = AddNormForward(exact, Double(residual), Double(x), &exact_saved);
      EXPECT_LE(RelativeError(y, expected), kFp32Tolerance);
      EXPECT_TRUE(at::equal(sum, x + residual));
      EXPECT_TRUE(at::equal(alone, y));
      EXPECT_TRUE(at::equal(alone_saved.normalized, saved.normalized));
      const at::Tensor exact_grad = AddNormVjp(exact, exact_saved, Double(grad), {}, Double(grad_sum));
      EXPECT_LE(RelativeError(grad_x, exact_grad), kFp32Tolerance);
      EXPECT_LE(RelativeError(exact_grad - Double(grad_sum), AddNormVjp(exact, exact_saved, Double(grad), {})), 1e-12);
    }
  }
}

TEST_P(DecoderOps, GateAndItsDerivative) {
  for (const Activation activation : {Activation::kSilu, Activation::kGeluTanh}) {
    for (const int64_t width : {3, 16, 77}) {
      const at::Tensor z = at::randn({11, 2 * width}) * 3, grad = at::randn({11, width});
      // A product with the identity is the gate alone.
      const LinearWeights identity = {at::eye(2 * width, at::kDouble), {}};
      at::Tensor derivative, exact_derivative;

      const at::Tensor y = cpu::GateForward(*kernels_, activation, z.clone(), &derivative);
      const at::Tensor without = cpu::GateForward(*kernels_, activation, z.clone(), nullptr);

      const at::Tensor expected = GatedLinearForward(identity, activation, Double(z), &exact_derivative);
      EXPECT_LE(RelativeError(y, expected), kFp32Tolerance);
      EXPECT_LE(RelativeError(derivative, exact_derivative), kFp32Tolerance);
      EXPECT_TRUE(at::equal(y, without));
      EXPECT_LE(RelativeError(cpu::GateVjp(derivative, grad), GateVjp(exact_derivative, Double(grad))), kFp32Tolerance);
    }
  }
}

TEST_P(DecoderOps, SiluAndItsDerivative) {
  const at::Tensor x = at::randn({7, 33}) * 4;
  at::Tensor slope, exact_slope;
  const at::Tensor y = cpu::ActivationForward(*kernels_, Activation::kSilu, x.clone(), &slope);
  const at::Tensor expected = ActivationForward(Activation::kSilu, Double(x), &exact_slope);
  EXPECT_LE(RelativeError(y, expected), kFp32Tolerance);
  EXPECT_LE(RelativeError(slope, exact_slope), kFp32Tolerance);
}

INSTANTIATE_TEST_SUITE_P(Sets, DecoderOps, ::testing::ValuesIn(KernelSets()),
                         [](const auto& test) { return std::string(test.param.name); });

TEST(Rotary, TurnsPlanesAndTheVjpTurnsThemBack) {
  at::manual_seed(3);
  const Rotary rotary = {.inverse_frequencies = {1, 0.3f, 0.01f}, .factor = 1};
  const at::Tensor positions = at::arange(20, at::kLong) * 7, x = at::randn({20, 3 * 8 + 5});
  const RotaryAngles angles = MakeAngles(rotary, positions);
  at::Tensor tuned = x.clone(), portable = Double(x);

  cpu::Rotate(angles, /*num_heads=*/2, /*head_size=*/8, &tuned);
  Rotate(angles, 2, 8, &portable);

  EXPECT_LE(RelativeError(tuned, portable), kFp32Tolerance);
  // Two heads of six numbers are turned, what lies behind is not.
  EXPECT_TRUE(at::equal(tuned.narrow(1, 16, 13), x.narrow(1, 16, 13)));
  EXPECT_TRUE(at::equal(tuned.narrow(1, 6, 2), x.narrow(1, 6, 2)));
  EXPECT_LE(RelativeError(tuned.norm(2, 1), x.norm(2, 1)), kFp32Tolerance);
  EXPECT_TRUE(at::equal(tuned[0], x[0]));
  RotateVjp(angles, 2, 8, &tuned);
  EXPECT_LE(RelativeError(tuned, x), kFp32Tolerance);
}

}  // namespace
}  // namespace limpid::engine
