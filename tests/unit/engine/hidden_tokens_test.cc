// Rows whose tokens are hidden from attention, against autograd with the same mask.
#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>

#include "engine/engine.h"
#include "support/status_matchers.h"
#include "unit/engine/op_kernels.h"
#include "unit/engine/reference_bert.h"
#include "unit/engine/tiny_model.h"

namespace limpid::engine {
namespace {

using ::limpid::testing::IsOk;

TEST(HiddenTokens, AreAttendedByNobodyForwardAndBackward) {
  const TinyConfig config;
  Row row = RandomRow(config, 9, 5, {.kind = Target::Kind::kClass, .class_index = 1});
  row.is_hidden = {0, 1, 0, 0, 1, 1, 0, 0, 1};
  const Row plain = RandomRow(config, 5, 6, {.kind = Target::Kind::kClass});
  const auto engine = LoadEngine(WriteTinyModel("hidden", config), {.device = "cpu", .num_threads = 1});
  ASSERT_THAT(engine, IsOk());
  ASSERT_THAT((*engine)->Check(row), IsOk());
  const Row* rows[] = {&plain, &row};

  const auto tuned = (*engine)->Run(rows, nullptr);
  const auto portable = (*engine)->RunReference(row);

  ASSERT_THAT(tuned, IsOk());
  ASSERT_THAT(portable, IsOk());
  ReferenceBert truth(config, RandomWeights(config, 1), at::kDouble);
  truth.Run(row);
  const at::Tensor gradient = torch::autograd::grad({truth.logits[1]}, {truth.word})[0];
  for (const RowResult* result : {&(*tuned)[1], &*portable}) {
    EXPECT_NEAR(result->prediction.logits[1], truth.logits[1].item<double>(), 1e-5);
    EXPECT_LE(RelativeError(FromHost(result->gradients[0]), gradient), 5e-6);
    for (size_t l = 0; l < truth.attention.size(); ++l) {
      const at::Tensor maps = FromHost(result->attention[l]);
      EXPECT_LE((maps - truth.attention[l]).abs().max().item<double>(), 2e-6);
      for (const int64_t t : {1, 4, 5, 8}) EXPECT_EQ(maps.select(2, t).abs().max().item<float>(), 0);
    }
    // A token that nobody attends to reaches the first token's output by no way.
    EXPECT_EQ(FromHost(result->gradients[0])[4].abs().max().item<float>(), 0);
  }
}

}  // namespace
}  // namespace limpid::engine
