// Disentangled attention against its definition, written out, and against differences.
#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "engine/ops/attention.h"
#include "unit/engine/op_kernels.h"

namespace limpid::engine {
namespace {

constexpr int64_t kHeads = 2, kSize = 5, kMaxTokens = 20;

// Two sequences, the second with tokens left out; in double.
struct Packed {
  Packed() {
    at::manual_seed(7);
    qkv = at::randn({11, 3 * kHeads * kSize}, at::kDouble);
    grad = at::randn({11, kHeads * kSize}, at::kDouble);
    shape = {.cu_seqlens = cu_seqlens, .num_heads = kHeads, .num_key_value_heads = kHeads, .positions = positions};
    shape.scale = 0.3;
    // Far differences share the first and the last of six rows.
    const at::Tensor rows = (3 - at::arange(1 - kMaxTokens, kMaxTokens, at::kLong)).clamp(0, 5);
    shape.disentangled = {at::randn({kHeads, 6, kSize}, at::kDouble), at::randn({kHeads, 6, kSize}, at::kDouble), rows,
                          at::tensor(positions)};
  }

  const std::vector<int64_t> cu_seqlens = {0, 4, 11}, positions = {0, 1, 2, 3, 0, 2, 3, 7, 8, 9, 19};
  at::Tensor qkv, grad;
  AttentionShape shape;
};

// A of head h in sequence s by its definition.
at::Tensor Attention(const Packed& packed, size_t s, int64_t h) {
  const int64_t begin = packed.cu_seqlens[s], length = packed.cu_seqlens[s + 1] - begin;
  at::Tensor scores = at::empty({length, length}, at::kDouble);
  for (int64_t i = 0; i < length; ++i) {
    for (int64_t j = 0; j < length; ++j) {
      const at::Tensor query = packed.qkv[begin + i].narrow(0, h * kSize, kSize);
      const at::Tensor key = packed.qkv[begin + j].narrow(0, (kHeads + h) * kSize, kSize);
      const int64_t distance =
          packed.positions[static_cast<size_t>(begin + i)] - packed.positions[static_cast<size_t>(begin + j)];
      const int64_t row = std::clamp<int64_t>(3 + distance, 0, 5);
      const at::Tensor sum = query.dot(key) + query.dot(packed.shape.disentangled.keys[h][row]) +
                             key.dot(packed.shape.disentangled.queries[h][row]);
      scores[i][j] = sum * 0.3;
    }
  }
  return scores.softmax(1);
}

TEST(Disentangled, AttentionIsItsDefinition) {
  Packed packed;
  std::vector<at::Tensor> probs, none;

  const at::Tensor all = AttentionForward(packed.shape, packed.qkv, {}, &probs);

  for (size_t s = 0; s < 2; ++s) {
    for (int64_t h = 0; h < kHeads; ++h) EXPECT_LE(RelativeError(probs[s][h], Attention(packed, s, h)), 1e-12);
  }
  const std::vector<int64_t> queries = {2, 5};
  packed.shape.only_queries = queries;
  const at::Tensor alone = AttentionForward(packed.shape, packed.qkv, {}, &none);
  EXPECT_LE(RelativeError(alone, all.index_select(0, at::tensor({2, 9}))), 1e-12);
}

TEST(Disentangled, VjpIsTheDerivativeWhetherMapsWereKeptOrNot) {
  Packed packed;
  for (const bool has_keys : {true, false}) {
    for (const bool has_queries : {true, false}) {
      AttentionShape shape = packed.shape;
      if (!has_keys) shape.disentangled.keys = at::Tensor();
      if (!has_queries) shape.disentangled.queries = at::Tensor();
      std::vector<at::Tensor> probs;
      const std::vector<at::Tensor> none(2);
      const at::Tensor direction = at::randn_like(packed.qkv);
      const auto value = [&](double t) {
        return (AttentionForward(shape, packed.qkv + t * direction, {}, &probs) * packed.grad).sum().item<double>();
      };
      constexpr double kStep = 1e-5;
      const double difference = (value(kStep) - value(-kStep)) / (2 * kStep);
      AttentionForward(shape, packed.qkv, {}, &probs);

      const at::Tensor kept = AttentionVjp(shape, packed.qkv, probs, packed.grad, {});
      const at::Tensor again = AttentionVjp(shape, packed.qkv, none, packed.grad, {});

      EXPECT_NEAR((kept * direction).sum().item<double>(), difference, 1e-7 * (1 + std::abs(difference)));
      EXPECT_LE(RelativeError(again, kept), 1e-12);
    }
  }
}

}  // namespace
}  // namespace limpid::engine
