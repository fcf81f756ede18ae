#include <algorithm>
#include <cmath>
#include <utility>

#include "base/status_macros.h"
#include "methods/lib/reduce.h"
#include "quality/gauge.h"
#include "quality/noisy_run.h"

namespace limpid::quality {
namespace {

double Distance(std::span<const float> a, std::span<const float> b) {
  double square = 0;
  for (size_t i = 0; i < a.size(); ++i) square += (double{a[i]} - b[i]) * (double{a[i]} - b[i]);
  return std::sqrt(square);
}

// Largest |a(x') - a(x)| / |a(x)| over all tokens, for noise that is uniform in [-radius, radius] on every element of
// the embeddings at the method's attach point, else of the word embeddings (Yeh et al. 2019). It has no order to be
// held against. No value for a method whose rows leave no room for the noise (NoisyRun).
class MaxSensitivity final : public Gauge {
 public:
  MaxSensitivity(const Options& options, const explain::MethodSpec& measured)
      : samples_(options.samples), radius_(options.radius), seed_(options.seed), measured_(measured) {}

  std::vector<explain::Forecast> Expect(const Words& words) const override {
    const std::unique_ptr<explain::Method> method = measured_.make();
    std::vector<explain::Forecast> forecasts = method->Expect(words.input());
    explain::Forecast& base = forecasts.emplace_back(explain::Forecast{.rows = 1});
    method->Plan(words.input(), &base.wanted);
    for (explain::Forecast& forecast : forecasts) forecast.rows *= samples_;
    return forecasts;
  }

  absl::StatusOr<GaugeStep> Fold(const Subject& subject, std::span<const engine::RowResult> rows) override {
    if (runs_.empty()) MakeRuns(subject);
    GaugeStep step;
    for (Copy& copy : runs_) {
      if (copy.is_done) continue;
      const auto own = rows.first(std::exchange(copy.num_rows, 0));
      rows = rows.subspan(own.size());
      ABSL_ASSIGN_OR_RETURN(std::vector<engine::Row> more, copy.run.Fold(subject.input(), subject.base, own));
      copy.num_rows = more.size();
      copy.is_done = more.empty();
      std::move(more.begin(), more.end(), std::back_inserter(step.more_rows));
    }
    if (step.more_rows.empty()) AddValue(subject.scores.scores, &step);
    return step;
  }

 private:
  struct Copy {
    NoisyRun run;
    size_t num_rows = 0;  // asked for last
    bool is_done = false;
  };

  void MakeRuns(const Subject& subject) {
    const auto at = subject.scores.card.attach_point.value_or(engine::AttachPoint::kWordEmbedding);
    for (uint32_t sample = 0; sample < samples_; ++sample) {
      engine::Noise noise = {.kind = engine::Noise::Kind::kUniform, .scale = radius_, .seed = seed_, .sample = sample};
      runs_.push_back({.run = NoisyRun(measured_.make(), at, std::move(noise))});
    }
  }

  void AddValue(std::span<const float> scores, GaugeStep* step) const {
    double largest = 0;
    for (const Copy& copy : runs_) {
      if (!copy.run.scores().has_value()) return;
      largest = std::max(
          largest, Relative(Distance(*copy.run.scores(), scores), methods::Reduce(explain::Reduction::kL2, scores)));
    }
    step->values.push_back({.metric = explain::Metric::kMaxSensitivity, .value = static_cast<float>(largest)});
  }

  const uint32_t samples_;
  const float radius_;
  const uint64_t seed_;
  const explain::MethodSpec measured_;
  std::vector<Copy> runs_;
};

}  // namespace

std::unique_ptr<Gauge> MakeMaxSensitivity(const Options& options, const explain::MethodSpec& measured) {
  return std::make_unique<MaxSensitivity>(options, measured);
}

}  // namespace limpid::quality
