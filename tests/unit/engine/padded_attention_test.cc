// Attention of sequences padded to groups, as devices do it, against attention of each by itself, in double.
#include "engine/ops/padded_attention.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <ostream>
#include <vector>

#include "unit/engine/op_kernels.h"

namespace limpid::engine {
namespace {

constexpr double kTolerance = 1e-12;
// More than one group: 1.3 times the shortest and 16.
const std::vector<int64_t> kLengths = {3, 40, 1, 19, 90, 20, 57};

struct Case {
  const char* name;
  int64_t heads, kv_heads;
  AttentionMask mask;
  bool has_gaps = false;  // tokens are left out

  friend void PrintTo(const Case& one, std::ostream* out) { *out << one.name; }
};

class PaddedAttention : public ::testing::TestWithParam<Case> {
 protected:
  void SetUp() override {
    const Case& one = GetParam();
    constexpr int64_t kHeadSize = 6;
    at::manual_seed(5);
    for (const int64_t length : kLengths) cu_seqlens_.push_back(cu_seqlens_.back() + length);
    const auto options = at::TensorOptions(at::kDouble);
    qkv_ = at::randn({cu_seqlens_.back(), (one.heads + 2 * one.kv_heads) * kHeadSize}, options);
    grad_ = at::randn({cu_seqlens_.back(), one.heads * kHeadSize}, options);
    for (const int64_t length : kLengths) {
      for (int64_t t = 0, at = 0; t < length && one.has_gaps; ++t, at += 1 + (t * t) % 4) positions_.push_back(at);
    }
    groups_ = GroupByLength(cu_seqlens_, at::kCPU, positions_);
    alone_ = {.cu_seqlens = cu_seqlens_, .num_heads = one.heads, .num_key_value_heads = one.kv_heads, .mask = one.mask};
    alone_.positions = positions_;
    padded_ = alone_;
    padded_.groups = groups_;
  }

  std::vector<int64_t> cu_seqlens_ = {0}, positions_;
  at::Tensor qkv_, grad_;
  std::vector<PaddedGroup> groups_;
  AttentionShape alone_, padded_;
};

TEST_P(PaddedAttention, IsThatOfEachSequence) {
  EXPECT_GT(groups_.size(), 1u);
  EXPECT_LT(groups_.size(), kLengths.size());
  std::vector<at::Tensor> probs, padded_probs, tap(kLengths.size()), padded_tap(kLengths.size());
  for (const size_t s : {size_t{1}, size_t{4}}) {
    tap[s] = at::empty({kLengths[s], kLengths[s]}, qkv_.options());
    padded_tap[s] = at::empty_like(tap[s]);
  }
  const std::vector<uint8_t> keeps = {1, 0, 1, 1, 0, 0, 1};

  const at::Tensor output = AttentionForward(alone_, qkv_, {}, &probs);
  const at::Tensor padded = AttentionForward(padded_, qkv_, keeps, &padded_probs);
  const at::Tensor grad = AttentionVjp(alone_, qkv_, probs, grad_, {tap});
  const at::Tensor padded_grad = AttentionVjp(padded_, qkv_, padded_probs, grad_, {padded_tap});

  EXPECT_LE(RelativeError(padded, output), kTolerance);
  EXPECT_LE(RelativeError(padded_grad, grad), kTolerance);
  for (size_t s = 0; s < kLengths.size(); ++s) {
    ASSERT_EQ(padded_probs[s].defined(), keeps[s] != 0);
    if (keeps[s] != 0) {
      EXPECT_TRUE(padded_probs[s].is_contiguous());
      EXPECT_LE(RelativeError(padded_probs[s], probs[s]), kTolerance);
    }
    if (tap[s].defined()) {
      EXPECT_LE(RelativeError(padded_tap[s], tap[s]), kTolerance);
    }
  }
}

TEST_P(PaddedAttention, AQueryAloneIsThatOfAll) {
  std::vector<at::Tensor> probs;
  std::vector<int64_t> queries;
  for (const int64_t length : kLengths) queries.push_back(length / 2);
  padded_.only_queries = queries;

  const at::Tensor all = AttentionForward(alone_, qkv_, {}, &probs);
  const at::Tensor single = AttentionForward(padded_, qkv_, {}, &probs);

  for (size_t s = 0; s < queries.size(); ++s) {
    EXPECT_FALSE(probs[s].defined());
    EXPECT_LE(RelativeError(single[static_cast<int64_t>(s)], all[cu_seqlens_[s] + queries[s]]), kTolerance);
  }
}

INSTANTIATE_TEST_SUITE_P(Cases, PaddedAttention,
                         testing::Values(Case{"Whole", 3, 3, {}}, Case{"SharedHeads", 6, 2, {}},
                                         Case{"Causal", 4, 1, {.is_causal = true}},
                                         Case{"CausalWindow", 2, 2, {.is_causal = true, .window = 7}},
                                         Case{"WindowOnBothSides", 2, 2, {.window = 5}},
                                         Case{"CausalWindowWithGaps", 2, 2, {.is_causal = true, .window = 7}, true},
                                         Case{"WindowWithGaps", 2, 2, {.window = 5}, true}),
                         [](const auto& tested) { return tested.param.name; });

TEST(GroupByLength, NoSequenceIsPaddedBeyondTheBound) {
  std::vector<int64_t> cu_seqlens = {0};
  for (int64_t i = 0; i < 60; ++i) cu_seqlens.push_back(cu_seqlens.back() + 1 + i * i % 211);
  size_t sequences = 0;
  for (const PaddedGroup& group : GroupByLength(cu_seqlens, at::kCPU)) {
    for (const size_t s : group.sequences) {
      EXPECT_LE(static_cast<double>(group.length),
                PaddedLength(static_cast<double>(cu_seqlens[s + 1] - cu_seqlens[s])));
      ++sequences;
    }
  }
  EXPECT_EQ(sequences, 60u);
}

}  // namespace
}  // namespace limpid::engine
