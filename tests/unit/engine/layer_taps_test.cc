// Hidden states between the layers: brought back, put in place, differentiated, against autograd in double.
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

constexpr double kTolerance = 5e-6;
constexpr int64_t kLength = 7;

class LayerTaps : public ::testing::Test {
 protected:
  void SetUp() override {
    auto loaded = LoadEngine(WriteTinyModel("taps", config_), {.device = "cpu", .num_threads = 1});
    ASSERT_THAT(loaded, IsOk());
    engine_ = *std::move(loaded);
    row_ = RandomRow(config_, kLength, 5, {.kind = Target::Kind::kClass, .class_index = 1});
    row_.wanted = {};
    reference_.Run(row_);
  }

  std::vector<RowResult> Run(const std::vector<Row>& rows) {
    std::vector<const Row*> pointers;
    for (const Row& row : rows) {
      EXPECT_THAT(engine_->Check(row), IsOk());
      pointers.push_back(&row);
    }
    auto results = engine_->Run(pointers, nullptr);
    EXPECT_THAT(results, IsOk());
    return *std::move(results);
  }

  std::shared_ptr<const HiddenStates> Random(int32_t layer, uint64_t seed) const {
    at::manual_seed(seed);
    const at::Tensor values = at::randn({kLength, config_.hidden_size});
    const float* data = values.data_ptr<float>();
    return std::make_shared<const HiddenStates>(HiddenStates{layer, {data, data + values.numel()}});
  }

  static at::Tensor Tensor(const HiddenStates& states) {
    return at::tensor(states.values, at::kFloat).to(at::kDouble).view({kLength, -1});
  }

  const TinyConfig config_;
  std::unique_ptr<Engine> engine_;
  Row row_;
  ReferenceBert reference_{config_, RandomWeights(config_, 1), at::kDouble};
};

TEST_F(LayerTaps, BringBackWhatEntersEachLayerAndTheLast) {
  row_.wanted.hidden_states = {0, 2, 3};
  Row with_gradient = row_;
  with_gradient.wanted.gradient_at[0] = true;

  const std::vector<RowResult> results = Run({row_, with_gradient});

  for (const RowResult& result : results) {
    ASSERT_EQ(result.hidden_states.size(), 3);
    for (size_t i = 0; i < 3; ++i) {
      const auto place = static_cast<size_t>(row_.wanted.hidden_states[i]);
      EXPECT_LE(RelativeError(FromHost(result.hidden_states[i]), reference_.hidden[place].detach()), kTolerance);
    }
  }
}

TEST_F(LayerTaps, GradientTimesActivationOfEveryLayer) {
  row_.wanted.layer_gradient_x_activation = true;

  const at::Tensor actual = FromHost(Run({row_})[0].layer_gradient_x_activation);

  const auto gradients = torch::autograd::grad({reference_.logits[1]}, reference_.hidden);
  for (size_t l = 0; l < gradients.size(); ++l) {
    const at::Tensor expected = (gradients[l] * reference_.hidden[l]).detach().sum(-1);
    EXPECT_LE(RelativeError(actual[static_cast<int64_t>(l)], expected), 2 * kTolerance) << "layer " << l;
  }
}

TEST_F(LayerTaps, ReplacedHiddenStatesAreWhatGoesOnAndWhatIsDifferentiated) {
  for (const int32_t layer : {0, 1, 3}) {
    Row row = row_;
    row.replaced_hidden = Random(layer, 1);
    row.wanted.layer_gradient_dot = Random(layer, 2);
    Row with_more = row;
    with_more.wanted.gradient_at[0] = with_more.wanted.layer_gradient_x_activation = true;

    // Alone, where earlier layers need not be run; beside rows that need them.
    const std::vector<RowResult> alone = Run({row}), beside = Run({row_, with_more, row});

    ReferenceBert truth(config_, RandomWeights(config_, 1), at::kDouble);
    truth.replace_hidden = [&](int64_t place, const at::Tensor& hidden) {
      return place == layer ? Tensor(*row.replaced_hidden).requires_grad_() : hidden;
    };
    truth.Run(row);
    const at::Tensor gradient = torch::autograd::grad({truth.logits[1]}, {truth.hidden[static_cast<size_t>(layer)]})[0];
    const at::Tensor dot = (gradient * Tensor(*row.wanted.layer_gradient_dot)).sum(-1);
    for (const RowResult* result : {&alone[0], &beside[1], &beside[2]}) {
      EXPECT_NEAR(result->prediction.logits[1], truth.logits[1].item<double>(), 1e-5) << "layer " << layer;
      EXPECT_LE(RelativeError(FromHost(result->layer_gradient_dot), dot), 2 * kTolerance) << "layer " << layer;
    }
    // The embeddings have no part in it any more.
    EXPECT_EQ(FromHost(beside[1].gradients[0]).abs().max().item<float>(), 0);
    EXPECT_NEAR(beside[0].prediction.logits[1], reference_.logits[1].item<double>(), 1e-5);
  }
}

// Integrated gradients of a layer: complete at every place.
TEST_F(LayerTaps, PathIntegralOfALayerSumsToTheDifference) {
  constexpr int kNodes = 200;
  Row baseline = row_;
  for (int32_t& id : baseline.token_ids) id = 0;
  row_.wanted.hidden_states = baseline.wanted.hidden_states = {0, 1, 2, 3};
  const std::vector<RowResult> ends = Run({row_, baseline});
  const double difference = double{ends[0].prediction.logits[1]} - ends[1].prediction.logits[1];
  for (const int32_t layer : {0, 2, 3}) {
    const auto index = static_cast<size_t>(layer);
    const at::Tensor from = FromHost(ends[1].hidden_states[index]);
    const at::Tensor way = FromHost(ends[0].hidden_states[index]) - from;
    const auto states = [&](const at::Tensor& x) {
      return std::make_shared<const HiddenStates>(
          HiddenStates{layer, {x.const_data_ptr<float>(), x.const_data_ptr<float>() + x.numel()}});
    };
    std::vector<Row> nodes(kNodes, row_);
    for (int k = 0; k < kNodes; ++k) {
      Row& node = nodes[static_cast<size_t>(k)];
      node.wanted = {};
      node.replaced_hidden = states(from + way * ((k + 0.5) / kNodes));
      node.wanted.layer_gradient_dot = states(way);
    }

    double sum = 0;
    for (const RowResult& node : Run(nodes)) sum += FromHost(node.layer_gradient_dot).sum().item<double>() / kNodes;

    EXPECT_NEAR(sum, difference, 2e-3 * std::abs(difference)) << "layer " << layer;
  }
}

}  // namespace
}  // namespace limpid::engine
