// Value zeroing against its definition: one run of the plain model for each layer and token.
#include "engine/pass/value_zeroing.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/engine.h"
#include "support/status_matchers.h"
#include "unit/engine/reference_bert.h"
#include "unit/engine/tiny_model.h"

namespace limpid::engine {
namespace {

using ::limpid::testing::IsOk;

at::Tensor Definition(const TinyConfig& config, const Row& row) {
  const auto length = static_cast<int64_t>(row.token_ids.size());
  ReferenceBert plain(config, RandomWeights(config, 1), at::kDouble);
  plain.Run(row);
  at::Tensor zeroing = at::empty({config.num_hidden_layers, length, length}, at::kDouble);
  for (int64_t l = 0; l < config.num_hidden_layers; ++l) {
    for (int64_t j = 0; j < length; ++j) {
      ReferenceBert changed(config, RandomWeights(config, 1), at::kDouble);
      changed.edit_value = [&](int64_t layer, const at::Tensor& value) {
        at::Tensor edited = value.detach().clone();
        if (layer == l) edited.select(1, j).zero_();
        return edited;
      };
      changed.Run(row);
      const auto place = static_cast<size_t>(l) + 1;
      const at::Tensor cosine = at::cosine_similarity(changed.hidden[place], plain.hidden[place], -1);
      zeroing[l].select(1, j).copy_((1 - cosine).detach());
    }
  }
  return zeroing;
}

// Blocks of several columns, the last of them smaller; and of one column.
TEST(ValueZeroing, IsTheChangeOfEachOutputByEachValue) {
  TinyConfig config;
  config.max_position_embeddings = 300;
  config.num_hidden_layers = 2;
  for (const int64_t length : {1, 9, 40}) {
    Row row = RandomRow(config, length, 5, {.kind = Target::Kind::kClass});
    row.wanted = {};
    row.wanted.value_zeroing = true;
    Row with_gradient = row;
    with_gradient.wanted.gradient_at[0] = true;
    const auto engine = LoadEngine(WriteTinyModel("zeroing", config), {.device = "cpu", .num_threads = 1});
    ASSERT_THAT(engine, IsOk());
    ASSERT_THAT((*engine)->Check(row), IsOk());
    const Row* rows[] = {&row, &with_gradient};

    const auto results = (*engine)->Run(rows, nullptr);

    ASSERT_THAT(results, IsOk());
    const at::Tensor truth = Definition(config, row);
    for (const RowResult& result : *results) {
      EXPECT_LE((FromHost(result.value_zeroing) - truth).abs().max().item<double>(), 1e-5);
    }
  }
}

}  // namespace
}  // namespace limpid::engine
