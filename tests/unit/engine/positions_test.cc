// Rows that leave tokens out and keep the others at their places, against autograd with the same position embeddings.
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

TEST(Positions, AreThoseOfTheRowForwardAndBackward) {
  const TinyConfig config;
  Row row = RandomRow(config, 5, 5, {.kind = Target::Kind::kClass, .class_index = 1});
  row.positions = {0, 2, 3, 6, 39};
  const Row plain = RandomRow(config, 5, 6, {.kind = Target::Kind::kClass});
  const auto engine = LoadEngine(WriteTinyModel("positions", config), {.device = "cpu", .num_threads = 1});
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
  }
}

}  // namespace
}  // namespace limpid::engine
