// The whole fused pass against LibTorch's autograd on the same weights, in double.
#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>

#include <cmath>

#include "engine/engine.h"
#include "support/status_matchers.h"
#include "unit/engine/op_kernels.h"
#include "unit/engine/reference_bert.h"
#include "unit/engine/tiny_model.h"

namespace limpid::engine {
namespace {

using ::limpid::testing::IsOk;

struct Case {
  friend void PrintTo(const Case& c, std::ostream* out) { *out << c.name; }

  std::string name;
  TinyConfig config;
  Target target;
  int64_t length = 9;
  std::function<at::Tensor(const ReferenceBert&)> score;  // the target, in plain ops
};

at::Tensor Embedding(const ReferenceBert& r) { return r.last_hidden.mean(0); }

const std::vector<float>& OtherText() {
  static const auto& values = *new std::vector<float>{.3f, -.2f, 1, .5f, -1, .1f, .7f, -.4f, .2f, .9f, -.6f, .8f};
  return values;
}

std::vector<Case> Cases() {
  const TinyConfig gelu;
  TinyConfig tanh = gelu, relu = gelu, embedding = gelu, multi_label = gelu, regression = gelu, wide = gelu;
  tanh.hidden_act = "gelu_new";
  relu.hidden_act = "relu";
  embedding.architecture = "BertModel";
  multi_label.problem_type = "multi_label_classification";
  regression.problem_type = "regression";
  regression.num_labels = 1;
  wide.hidden_size = 40;
  wide.num_attention_heads = 5;
  wide.intermediate_size = 67;
  using K = Target::Kind;
  const auto z = [](const ReferenceBert& r, int64_t c) { return r.logits[c]; };
  return {
      {"ClassLogit", gelu, {.kind = K::kClass, .class_index = 1}, 9, [z](const auto& r) { return z(r, 1); }},
      {"Predicted", gelu, {.kind = K::kClass}, 9, [](const auto& r) { return r.logits.max(); }},
      {"ClassLogProb",
       gelu,
       {.kind = K::kClass, .score = Score::kLogProb, .class_index = 2},
       9,
       [](const auto& r) { return at::log_softmax(r.logits, 0)[2]; }},
      {"ClassProb",
       tanh,
       {.kind = K::kClass, .score = Score::kProb, .class_index = 0},
       9,
       [](const auto& r) { return at::softmax(r.logits, 0)[0]; }},
      {"Contrast",
       relu,
       {.kind = K::kContrast, .class_index = 2, .foil_index = 0},
       9,
       [z](const auto& r) { return z(r, 2) - z(r, 0); }},
      {"ContrastLogProb",
       gelu,
       {.kind = K::kContrast, .score = Score::kLogProb, .class_index = 0, .foil_index = 1},
       9,
       [z](const auto& r) { return z(r, 0) - z(r, 1); }},
      {"ContrastRunnerUp",
       gelu,
       {.kind = K::kContrast},
       9,
       [](const auto& r) { return std::get<0>(r.logits.topk(2))[0] - std::get<0>(r.logits.topk(2))[1]; }},
      {"MultiLabelProb",
       multi_label,
       {.kind = K::kClass, .score = Score::kProb, .class_index = 1},
       9,
       [z](const auto& r) { return at::sigmoid(z(r, 1)); }},
      {"MultiLabelLogProb",
       multi_label,
       {.kind = K::kClass, .score = Score::kLogProb, .class_index = 1},
       9,
       [z](const auto& r) { return at::log_sigmoid(z(r, 1)); }},
      {"Regression", regression, {.kind = K::kClass}, 9, [z](const auto& r) { return z(r, 0); }},
      {"MeanOfLogits", gelu, {.kind = K::kMeanOutput}, 9, [](const auto& r) { return r.logits.mean(); }},
      {"MeanOfHiddenState", embedding, {.kind = K::kMeanOutput}, 9, [](const auto& r) { return r.last_hidden.mean(); }},
      {"Similarity",
       embedding,
       {.kind = K::kSimilarity, .reference = std::make_shared<const std::vector<float>>(OtherText())},
       9,
       [](const auto& r) {
         return at::cosine_similarity(Embedding(r), at::tensor(OtherText(), at::kFloat).to(at::kDouble), 0);
       }},
      {"OneToken", gelu, {.kind = K::kClass}, 1, [](const auto& r) { return r.logits.max(); }},
      {"WideAndLong", wide, {.kind = K::kClass}, 40, [](const auto& r) { return r.logits.max(); }},
  };
}

double LargestError(const at::Tensor& actual, const at::Tensor& truth) {
  return (actual - truth).abs().max().item<double>();
}

// The sum over a few layers' worth of norms, products and softmaxes in fp32 against double.
constexpr double kGradientTolerance = 5e-6;

class FusedPass : public ::testing::TestWithParam<Case> {
 protected:
  void SetUp() override {
    const Case& c = GetParam();
    row_ = RandomRow(c.config, c.length, 5, c.target);
    reference_ = std::make_unique<ReferenceBert>(c.config, RandomWeights(c.config, 1), at::kDouble);
    const auto engine = LoadEngine(WriteTinyModel("autograd_" + c.name, c.config), {.device = "cpu", .num_threads = 1});
    ASSERT_THAT(engine, IsOk());
    const Row* rows[] = {&row_};
    auto results = (*engine)->Run(rows, nullptr);
    ASSERT_THAT(results, IsOk());
    result_ = std::move(results->at(0));
    reference_->Run(row_);
    score_ = c.score(*reference_);
  }

  Row row_;
  RowResult result_;
  std::unique_ptr<ReferenceBert> reference_;
  at::Tensor score_;
};

TEST_P(FusedPass, PredictionAndAttention) {
  EXPECT_NEAR(result_.prediction.target_value, score_.item<double>(),
              1e-5 * std::max(1.0, std::abs(score_.item<double>())));
  // Peaked attention magnifies the rounding of its scores: no worse than plain fp32 ops, give or take their luck.
  ReferenceBert plain(GetParam().config, RandomWeights(GetParam().config, 1), at::kFloat);
  plain.Run(row_);
  for (size_t l = 0; l < reference_->attention.size(); ++l) {
    const at::Tensor& truth = reference_->attention[l];
    const double tolerance = std::max(1e-6, 2 * LargestError(plain.attention[l], truth));
    EXPECT_LE(LargestError(FromHost(result_.attention[l]), truth), tolerance);
    const at::Tensor mean = FromHost(result_.head_mean_attention)[static_cast<int64_t>(l)];
    EXPECT_LE(LargestError(mean, truth.mean(0)), tolerance);
  }
}

TEST_P(FusedPass, InputsAndGradientsAtEveryAttachPoint) {
  const std::vector<at::Tensor> points = {reference_->word, reference_->sum, reference_->output};
  const auto gradients = torch::autograd::grad({score_}, points, {}, /*retain_graph=*/true);
  for (size_t p = 0; p < kNumAttachPoints; ++p) {
    EXPECT_LE(RelativeError(FromHost(result_.inputs[p]), points[p].detach()), 1e-6);
    EXPECT_LE(RelativeError(FromHost(result_.gradients[p]), gradients[p]), kGradientTolerance);
  }
}

TEST_P(FusedPass, GradientAttention) {
  const auto gradients = torch::autograd::grad({score_}, reference_->attention, {}, /*retain_graph=*/true);
  const at::Tensor actual = FromHost(result_.gradient_attention);
  for (size_t l = 0; l < gradients.size(); ++l) {
    const at::Tensor expected = (gradients[l] * reference_->attention[l].detach()).clamp_min(0).mean(0);
    EXPECT_LE(RelativeError(actual[static_cast<int64_t>(l)], expected), kGradientTolerance);
  }
}

TEST_P(FusedPass, HeadImportanceIsTheSlopeOfAGateOnTheHead) {
  constexpr double kStep = 1e-5;
  const auto score_at = [&](int64_t layer, int64_t head, double gate) {
    reference_->gates[layer][head].fill_(gate);
    reference_->Run(row_);
    const double score = GetParam().score(*reference_).item<double>();
    reference_->gates[layer][head].fill_(1);
    return score;
  };
  const at::Tensor actual = FromHost(result_.head_importance);
  at::Tensor expected = at::empty_like(actual, at::kDouble);
  for (int64_t layer = 0; layer < actual.size(0); ++layer) {
    for (int64_t head = 0; head < actual.size(1); ++head) {
      const double slope = (score_at(layer, head, 1 + kStep) - score_at(layer, head, 1 - kStep)) / (2 * kStep);
      expected[layer][head].fill_(std::abs(slope));
    }
  }
  EXPECT_LE(RelativeError(actual, expected), 1e-5);
}

INSTANTIATE_TEST_SUITE_P(Models, FusedPass, ::testing::ValuesIn(Cases()),
                         [](const auto& test) { return test.param.name; });

}  // namespace
}  // namespace limpid::engine
