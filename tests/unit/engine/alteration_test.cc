// Rows with altered embeddings, and the contraction of their gradients, against autograd in double.
#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>

#include "engine/engine.h"
#include "engine/pass/noise.h"
#include "support/status_matchers.h"
#include "unit/engine/op_kernels.h"
#include "unit/engine/reference_bert.h"
#include "unit/engine/tiny_model.h"

namespace limpid::engine {
namespace {

using ::limpid::testing::IsOk;

constexpr int64_t kLength = 8;
constexpr double kTolerance = 5e-6;

// Terms may cancel (a norm's gradient is orthogonal to its input), so the scale is that of the terms.
double DotError(const HostTensor& actual, const at::Tensor& a, const at::Tensor& b) {
  const at::Tensor terms = a * b;
  return ((FromHost(actual) - terms.sum(-1)).abs().max() / terms.abs().sum(-1).max()).item<double>();
}

// The definitions of row.h in plain ops.
class Truth {
 public:
  explicit Truth(const TinyConfig& config) : config_(config), weights_(RandomWeights(config, 1)) {}

  // x at the baseline's attach point with its ids in place of the row's.
  at::Tensor BaselineOf(const Row& row, const Baseline& baseline) const {
    ReferenceBert reference(config_, weights_, at::kDouble);
    Row replaced = row;
    for (size_t t = 0; t < baseline.ids.size(); ++t) replaced.token_ids[t] = std::max(0, baseline.ids[t]);
    const at::Tensor mean = reference.Get("embeddings.word_embeddings.weight").mean(0);
    reference.alter = [&](AttachPoint at, const at::Tensor& x) {
      at::Tensor out = x.clone();
      for (size_t t = 0; t < baseline.ids.size(); ++t) {
        at::Tensor token = out[static_cast<int64_t>(t)];
        if (baseline.ids[t] == Baseline::kMean && at == AttachPoint::kWordEmbedding) token.copy_(mean);
        if (baseline.ids[t] == Baseline::kZero && at == baseline.at) token.zero_();
      }
      return out;
    };
    reference.Run(replaced);
    const at::Tensor points[] = {reference.word, reference.sum, reference.output};
    return points[static_cast<size_t>(baseline.at)].detach();
  }

  static at::Tensor Noisy(const Noise& noise, const at::Tensor& x) {
    at::Tensor added = noise.kind == Noise::Kind::kBernoulli ? at::ones(x.sizes()) : at::zeros(x.sizes());
    AddNoise(noise, {}, x.size(0), x.size(1), added.data_ptr<float>());
    return noise.kind == Noise::Kind::kBernoulli ? x * added.to(at::kDouble) : x + added.to(at::kDouble);
  }

  // Runs the row; fills in noisy(x) and the gradients at the three points.
  void Run(const Row& row) {
    bert = std::make_unique<ReferenceBert>(config_, weights_, at::kDouble);
    bert->alter = [&](AttachPoint at, const at::Tensor& x) {
      at::Tensor y = x;
      if (row.alteration.has_value() && row.alteration->at == at) {
        const Alteration& alteration = *row.alteration;
        if (alteration.noise.has_value()) y = Noisy(*alteration.noise, y);
        noisy[static_cast<size_t>(at)] = y.detach();
        if (alteration.baseline != nullptr) {
          const at::Tensor b = BaselineOf(row, *alteration.baseline);
          y = b + at::tensor(alteration.alpha, at::kFloat).to(at::kDouble).unsqueeze(1) * (y - b);
        }
      } else {
        noisy[static_cast<size_t>(at)] = y.detach();
      }
      return y;
    };
    bert->Run(row);
    score = bert->logits[1];
    gradients = torch::autograd::grad({score}, {bert->word, bert->sum, bert->output});
  }

  std::unique_ptr<ReferenceBert> bert;
  at::Tensor noisy[kNumAttachPoints];
  at::Tensor score;
  std::vector<at::Tensor> gradients;

 private:
  const TinyConfig config_;
  const TinyWeights weights_;
};

std::shared_ptr<const Baseline> MakeBaseline(const Row& row, AttachPoint at) {
  // Its own id, two others, both special ones.
  std::vector<int32_t> ids = row.token_ids;
  ids[1] = (ids[1] + 3) % 11;
  ids[2] = Baseline::kZero;
  ids[4] = Baseline::kMean;
  ids[6] = (ids[6] + 1) % 11;
  return std::make_shared<const Baseline>(Baseline{at, ids});
}

struct AlterationCase {
  friend void PrintTo(const AlterationCase& c, std::ostream* out) { *out << c.name; }
  const char* name;
  std::optional<Noise> noise;
  std::vector<float> alpha;  // empty: no baseline
};

class AlteredRow : public ::testing::TestWithParam<std::tuple<AlterationCase, AttachPoint>> {};

TEST_P(AlteredRow, HasTheGradientsAndDotsOfItsDefinition) {
  const auto& [alteration, at] = GetParam();
  const TinyConfig config;
  Row row = RandomRow(config, kLength, 5, {.kind = Target::Kind::kClass, .class_index = 1});
  row.wanted = {};
  for (size_t p = static_cast<size_t>(at); p < kNumAttachPoints; ++p) row.wanted.gradient_at[p] = true;
  const auto baseline = MakeBaseline(row, at);
  const auto zeros = std::make_shared<const Baseline>(Baseline{at, std::vector<int32_t>(kLength, Baseline::kZero)});
  row.wanted.gradient_dots = {zeros, baseline};
  row.alteration = Alteration{at, alteration.noise, alteration.alpha.empty() ? nullptr : baseline, alteration.alpha};
  const auto engine = LoadEngine(WriteTinyModel("altered", config), {.device = "cpu", .num_threads = 1});
  ASSERT_THAT(engine, IsOk());
  ASSERT_THAT((*engine)->Check(row), IsOk());
  Row plain = RandomRow(config, 5, 6, {.kind = Target::Kind::kClass});
  const Row* rows[] = {&plain, &row, &row};

  const auto results = (*engine)->Run(rows, nullptr);

  ASSERT_THAT(results, IsOk());
  Truth truth(config);
  truth.Run(row);
  const at::Tensor inputs[] = {truth.bert->word, truth.bert->sum, truth.bert->output};
  for (size_t copy : {1, 2}) {
    const RowResult& result = (*results)[copy];
    EXPECT_NEAR(result.prediction.target_value, truth.score.item<double>(), 1e-5);
    for (size_t p = static_cast<size_t>(at); p < kNumAttachPoints; ++p) {
      EXPECT_LE(RelativeError(FromHost(result.inputs[p]), inputs[p].detach()), kTolerance);
      EXPECT_LE(RelativeError(FromHost(result.gradients[p]), truth.gradients[p]), kTolerance);
    }
    const at::Tensor noisy = truth.noisy[static_cast<size_t>(at)], gradient = truth.gradients[static_cast<size_t>(at)];
    ASSERT_EQ(result.gradient_dots.size(), 2);
    EXPECT_LE(DotError(result.gradient_dots[0], noisy, gradient), kTolerance);
    EXPECT_LE(DotError(result.gradient_dots[1], noisy - truth.BaselineOf(row, *baseline), gradient), kTolerance);
  }
  // A token with its own id does not move, not even by a rounding.
  if (!alteration.noise.has_value()) {
    EXPECT_EQ((*results)[1].gradient_dots[1].values[0], 0);
  }
  // A row beside altered ones is what it is alone.
  const Row* alone[] = {&plain};
  const auto plain_result = (*engine)->Run(alone, nullptr);
  ASSERT_THAT(plain_result, IsOk());
  EXPECT_LE(RelativeError(FromHost((*results)[0].gradients[0]), FromHost((*plain_result)[0].gradients[0])), 1e-6);
}

const AlterationCase kAlterations[] = {
    {"None", std::nullopt, {}},
    {"AtTheBaseline", std::nullopt, {0}},
    {"Halfway", std::nullopt, {0.5f}},
    {"Further", std::nullopt, {1.25f}},
    {"EachTokenItsOwn", std::nullopt, {0, 1, 0.1f, 0.2f, 0.3f, 0.4f, 0.5f, 0.75f}},
    {"Gaussian", Noise{.kind = Noise::Kind::kGaussian, .scale = 0.1f, .seed = 4, .sample = 2}, {}},
    {"Uniform", Noise{.kind = Noise::Kind::kUniform, .scale = 0.2f, .seed = 4}, {}},
    {"Bernoulli",
     Noise{.kind = Noise::Kind::kBernoulli, .keep = {0, 1, .5f, .5f, .25f, .75f, .1f, .9f}, .seed = 4},
     {}},
    {"GaussianHalfway", Noise{.kind = Noise::Kind::kGaussian, .scale = 0.1f, .seed = 4}, {0.5f}},
};

std::string NameOf(const ::testing::TestParamInfo<std::tuple<AlterationCase, AttachPoint>>& test) {
  constexpr const char* kPoints[] = {"Word", "Sum", "Output"};
  return std::string(std::get<0>(test.param).name) + "At" + kPoints[static_cast<size_t>(std::get<1>(test.param))];
}

INSTANTIATE_TEST_SUITE_P(Points, AlteredRow,
                         ::testing::Combine(::testing::ValuesIn(kAlterations),
                                            ::testing::Values(AttachPoint::kWordEmbedding, AttachPoint::kEmbeddingSum,
                                                              AttachPoint::kEmbeddingOutput)),
                         NameOf);

}  // namespace
}  // namespace limpid::engine
