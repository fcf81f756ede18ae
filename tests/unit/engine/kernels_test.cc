// The tuned CPU kernels against the portable ops in double, on sizes that do and do not fill whole vectors and panels.
#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <array>
#include <ostream>
#include <tuple>

#include "engine/kernels/cpu/attention.h"
#include "engine/kernels/cpu/elementwise.h"
#include "engine/kernels/cpu/linear.h"
#include "engine/ops/activation.h"
#include "engine/ops/attention.h"
#include "engine/ops/linear.h"
#include "engine/ops/norm.h"
#include "unit/engine/op_kernels.h"

namespace limpid::engine {
namespace {

at::Tensor Double(const at::Tensor& x) { return x.defined() ? x.to(at::kDouble) : x; }

// Parameter: the kernel set, and what else there is.
template <typename... Rest>
class KernelTest : public ::testing::TestWithParam<std::tuple<KernelSet, Rest...>> {
 protected:
  void SetUp() override {
    at::manual_seed(1);
    const KernelSet& set = std::get<0>(this->GetParam());
    kernels_ = set.get();
    if (kernels_ == nullptr) GTEST_SKIP() << "this machine cannot run " << set.name;
  }

  const cpu::Kernels* kernels_ = nullptr;
};

// Rows, columns.
class RowKernels : public KernelTest<int64_t, int64_t> {
 protected:
  at::Tensor Matrix(double scale = 1) const { return at::randn({Rows(), Cols()}) * scale; }
  at::Tensor Vector() const { return at::randn({Cols()}); }
  int64_t Rows() const { return std::get<1>(GetParam()); }
  int64_t Cols() const { return std::get<2>(GetParam()); }
};

TEST_P(RowKernels, ActivationAndItsDerivative) {
  for (const Activation activation : {Activation::kGelu, Activation::kGeluTanh, Activation::kRelu, Activation::kTanh}) {
    // Far enough out to see both tails.
    const at::Tensor x = Matrix(4);
    at::Tensor slope, expected_slope;

    const at::Tensor y = cpu::ActivationForward(*kernels_, activation, x.clone(), &slope);
    const at::Tensor without = cpu::ActivationForward(*kernels_, activation, x.clone(), nullptr);

    const at::Tensor expected = ActivationForward(activation, Double(x), &expected_slope);
    EXPECT_LE(RelativeError(y, expected), kFp32Tolerance);
    EXPECT_LE(RelativeError(slope, expected_slope), kFp32Tolerance);
    EXPECT_TRUE(at::equal(y, without));
  }
}

TEST_P(RowKernels, AddLayerNormWithAndWithoutResidual) {
  const NormWeights weights = {Vector(), Vector(), 1e-5};
  const NormWeights exact = {Double(weights.weight), Double(weights.bias), weights.eps};
  for (const bool added : {false, true}) {
    const at::Tensor x = Matrix(), residual = added ? Matrix() : at::Tensor();
    NormSaved saved, expected_saved;

    const at::Tensor y = cpu::AddNormForward(*kernels_, weights, residual, x.clone(), &saved);

    const at::Tensor expected = AddNormForward(exact, Double(residual), Double(x), &expected_saved);
    // One column is its own mean: what remains is rounding, divided by sqrt(eps).
    const double tolerance = Cols() == 1 ? 1e-3 : 5e-6;
    EXPECT_LE(RelativeError(y, expected), tolerance);
    EXPECT_LE(RelativeError(saved.normalized, expected_saved.normalized), tolerance);
    EXPECT_LE(RelativeError(saved.rstd, expected_saved.rstd), tolerance);
  }
}

TEST_P(RowKernels, AddNormVjpWithAndWithoutResidual) {
  const NormWeights weights = {Vector(), Vector(), 1e-5};
  const NormWeights exact = {Double(weights.weight), Double(weights.bias), weights.eps};
  const NormSaved saved = {Matrix(), at::rand({Rows(), 1}) + 0.5};
  const NormSaved exact_saved = {Double(saved.normalized), Double(saved.rstd)};
  for (const bool added : {false, true}) {
    const at::Tensor grad = Matrix(), residual = added ? Matrix() : at::Tensor();

    const at::Tensor grad_input = cpu::AddNormVjp(*kernels_, weights, saved, grad, residual);

    EXPECT_LE(RelativeError(grad_input, AddNormVjp(exact, exact_saved, Double(grad), Double(residual))),
              kFp32Tolerance);
  }
}

std::string RowName(const ::testing::TestParamInfo<std::tuple<KernelSet, int64_t, int64_t>>& test) {
  return std::string(std::get<0>(test.param).name) + "_" + std::to_string(std::get<1>(test.param)) + "x" +
         std::to_string(std::get<2>(test.param));
}

TEST(PortableOnly, KeepsTheTunedKernelsAwayWhileItLives) {
  const at::Tensor x = at::zeros({2, 8});
  const bool takes = cpu::Takes(x);
  {
    const cpu::PortableOnly outer;
    {
      const cpu::PortableOnly inner;
    }
    EXPECT_FALSE(cpu::Takes(x));
  }
  EXPECT_EQ(cpu::Takes(x), takes);
  EXPECT_EQ(takes, cpu::BestKernels() != nullptr);
}

INSTANTIATE_TEST_SUITE_P(Shapes, RowKernels,
                         ::testing::Combine(::testing::ValuesIn(KernelSets()), ::testing::Values(1, 5, 300),
                                            ::testing::Values(1, 7, 8, 16, 17, 33, 384)),
                         RowName);

// Rows, inner, columns.
class ProductKernels : public KernelTest<std::array<int64_t, 3>> {
 protected:
  void SetUp() override {
    KernelTest::SetUp();
    const auto [rows, inner, cols] = std::get<1>(GetParam());
    x_ = at::randn({rows, inner});
    weights_ = {at::randn({cols, inner}), at::randn({cols})};
    exact_ = {Double(weights_.weight), Double(weights_.bias)};
  }

  at::Tensor x_;
  LinearWeights weights_, exact_;
};

TEST_P(ProductKernels, Linear) {
  EXPECT_LE(RelativeError(cpu::LinearForward(*kernels_, weights_, x_), LinearForward(exact_, Double(x_))),
            kFp32Tolerance);
}

TEST_P(ProductKernels, ActivatedLinearAndItsDerivative) {
  at::Tensor slope, expected_slope;
  const at::Tensor y = cpu::ActivatedLinearForward(*kernels_, weights_, Activation::kGelu, x_, &slope);
  const at::Tensor expected = ActivatedLinearForward(exact_, Activation::kGelu, Double(x_), &expected_slope);
  EXPECT_LE(RelativeError(y, expected), kFp32Tolerance);
  // The slope bends by up to 0.8 for each unit of a sum that is rounded at its own size.
  EXPECT_LE(RelativeError(slope, expected_slope), 2e-5);
  EXPECT_TRUE(at::equal(cpu::ActivatedLinearForward(*kernels_, weights_, Activation::kGelu, x_, nullptr), y));
}

TEST_P(ProductKernels, LinearVjpWithAndWithoutSlope) {
  const at::Tensor grad = at::randn({x_.size(0), weights_.weight.size(0)}), slope = at::randn(x_.sizes());
  EXPECT_LE(RelativeError(cpu::LinearVjp(*kernels_, weights_, grad, {}), LinearVjp(exact_, Double(grad))),
            kFp32Tolerance);
  EXPECT_LE(
      RelativeError(cpu::LinearVjp(*kernels_, weights_, grad, slope), LinearVjp(exact_, Double(grad), Double(slope))),
      kFp32Tolerance);
}

std::string ProductName(const ::testing::TestParamInfo<std::tuple<KernelSet, std::array<int64_t, 3>>>& test) {
  std::string name = std::get<0>(test.param).name;
  for (const int64_t size : std::get<1>(test.param)) name.append("_").append(std::to_string(size));
  return name;
}

// One of everything; less than a tile, a panel, a vector; more than a block of rows and a panel's depth, evenly or not.
constexpr std::array<int64_t, 3> kProducts[] = {{1, 1, 1},      {5, 3, 2},     {13, 17, 33},  {12, 384, 64},
                                                {481, 385, 47}, {7, 1000, 96}, {1000, 64, 31}};

INSTANTIATE_TEST_SUITE_P(Shapes, ProductKernels,
                         ::testing::Combine(::testing::ValuesIn(KernelSets()), ::testing::ValuesIn(kProducts)),
                         ProductName);

struct Shape {
  const char* name;
  std::vector<int64_t> lengths;
  int64_t num_heads, head_size;

  friend void PrintTo(const Shape& shape, std::ostream* out) { *out << shape.name; }
};

class AttentionKernels : public KernelTest<Shape> {};

// Twice a shape's first sequence.
struct TwoSequences {
  explicit TwoSequences(const Shape& shape)
      : length(shape.lengths[0]),
        cu_seqlens{0, length, 2 * length},
        packed{cu_seqlens, shape.num_heads, shape.num_heads},
        qkv(at::randn({2 * length, 3 * shape.num_heads * shape.head_size})) {}

  const int64_t length;
  const std::vector<int64_t> cu_seqlens;
  const AttentionShape packed;
  const at::Tensor qkv;
};

TEST_P(AttentionKernels, GivesFirstTokensAloneAndKeepsTheMapsAskedFor) {
  const Shape& shape = std::get<1>(GetParam());
  const auto& [length, cu_seqlens, all, qkv] = TwoSequences(shape);
  const std::vector<int64_t> first_queries = {0, 0};
  AttentionShape first = all;
  first.only_queries = first_queries;
  std::vector<at::Tensor> probs, not_kept;

  const at::Tensor output = cpu::AttentionForward(*kernels_, all, qkv, {}, &probs);

  const at::Tensor exact_output = AttentionForward(all, Double(qkv), {}, &not_kept);
  const at::Tensor first_output = cpu::AttentionForward(*kernels_, first, qkv, {}, &not_kept);
  EXPECT_FALSE(not_kept[0].defined());
  const at::Tensor exact_first = AttentionForward(first, Double(qkv), {}, &not_kept);
  for (const int64_t s : {0, 1}) {
    EXPECT_LE(RelativeError(first_output[s], exact_output[s * length]), kFp32Tolerance);
    EXPECT_LE(RelativeError(exact_first[s], exact_output[s * length]), 1e-12);
  }
  const std::vector<uint8_t> keeps = {0, 1};
  EXPECT_TRUE(at::equal(cpu::AttentionForward(*kernels_, all, qkv, keeps, &not_kept), output));
  EXPECT_FALSE(not_kept[0].defined());
  EXPECT_TRUE(at::equal(not_kept[1], probs[1]));
}

TEST_P(AttentionKernels, VjpMakesAgainTheMapsThatWereNotKept) {
  const Shape& shape = std::get<1>(GetParam());
  const auto& [length, cu_seqlens, packed, qkv] = TwoSequences(shape);
  const at::Tensor grad_output = at::randn({2 * length, shape.num_heads * shape.head_size});
  const std::vector<uint8_t> keeps = {0, 1};
  std::vector<at::Tensor> all, some;
  cpu::AttentionForward(*kernels_, packed, qkv, {}, &all);
  cpu::AttentionForward(*kernels_, packed, qkv, keeps, &some);

  const at::Tensor grad = cpu::AttentionVjp(*kernels_, packed, qkv, some, grad_output, {});

  EXPECT_TRUE(at::equal(grad, cpu::AttentionVjp(*kernels_, packed, qkv, all, grad_output, {})));
  const at::Tensor exact = AttentionVjp(packed, Double(qkv), std::vector<at::Tensor>(2), Double(grad_output), {});
  EXPECT_LE(RelativeError(grad, exact), kFp32Tolerance);
}

TEST_P(AttentionKernels, ForwardVjpAndTap) {
  const Shape& shape = std::get<1>(GetParam());
  std::vector<int64_t> cu_seqlens = {0};
  for (int64_t length : shape.lengths) cu_seqlens.push_back(cu_seqlens.back() + length);
  const int64_t tokens = cu_seqlens.back(), hidden = shape.num_heads * shape.head_size;
  const at::Tensor qkv = at::randn({tokens, 3 * hidden}), grad_output = at::randn({tokens, hidden});
  const AttentionShape packed = {cu_seqlens, shape.num_heads, shape.num_heads};
  // The first sequence asks for its map, the others do not.
  std::vector<at::Tensor> probs, exact_probs, tap(shape.lengths.size()), exact_tap(shape.lengths.size());
  tap[0] = at::empty({shape.lengths[0], shape.lengths[0]});
  exact_tap[0] = Double(tap[0]);

  const at::Tensor output = cpu::AttentionForward(*kernels_, packed, qkv, {}, &probs);
  const at::Tensor grad = cpu::AttentionVjp(*kernels_, packed, qkv, probs, grad_output, {tap});

  const at::Tensor exact_output = AttentionForward(packed, Double(qkv), {}, &exact_probs);
  const at::Tensor exact_grad = AttentionVjp(packed, Double(qkv), exact_probs, Double(grad_output), {exact_tap});
  EXPECT_LE(RelativeError(output, exact_output), kFp32Tolerance);
  ASSERT_EQ(probs.size(), exact_probs.size());
  for (size_t s = 0; s < probs.size(); ++s) {
    EXPECT_LE((probs[s] - exact_probs[s]).abs().max().item<double>(), 1e-6);
  }
  EXPECT_LE(RelativeError(grad, exact_grad), kFp32Tolerance);
  EXPECT_LE(RelativeError(tap[0], exact_tap[0]), kFp32Tolerance);
}

const Shape kShapes[] = {
    {"OneToken", {1}, 1, 1},
    {"OddHeads", {3, 1, 9}, 3, 5},
    {"AsMiniLm", {7, 61, 16, 130}, 12, 32},
    {"WholeVectors", {16, 32, 48}, 2, 64},
    {"Long", {300}, 2, 8},
};

INSTANTIATE_TEST_SUITE_P(Shapes, AttentionKernels,
                         ::testing::Combine(::testing::ValuesIn(KernelSets()), ::testing::ValuesIn(kShapes)),
                         [](const auto& test) {
                           return std::string(std::get<0>(test.param).name) + "_" + std::get<1>(test.param).name;
                         });

}  // namespace
}  // namespace limpid::engine
