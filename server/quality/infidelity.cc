#include <cmath>

#include "base/random.h"
#include "quality/gauge.h"

namespace limpid::quality {
namespace {

// Streams of the orders are below.
constexpr uint64_t kFirstStream = uint64_t{1} << 32;

// E_S (b * sum of scores in S - loss of F without S)^2 / E_S (loss)^2 with the best b (Yeh et al. 2019). Each word is
// in S with probability 1/2; S depends on (seed, sample) and the number of words, so that all methods share the rows.
// Held against the same scores dealt to the words at random, which costs no row.
class Infidelity final : public Gauge {
 public:
  explicit Infidelity(const Options& options) : samples_(options.samples), seed_(options.seed) {}

  std::vector<explain::Forecast> Expect(const Words&) const override { return {{.rows = samples_}}; }

  absl::StatusOr<GaugeStep> Fold(const Subject& subject, std::span<const engine::RowResult> rows) override {
    GaugeStep step;
    const engine::Prediction& whole = subject.base.prediction;
    if (rows.empty()) {
      for (uint32_t i = 0; i < samples_; ++i) {
        step.more_rows.push_back(subject.words.Only(Kept(i, subject.words.size()), whole));
      }
      return step;
    }
    std::vector<double> losses;
    for (const engine::RowResult& row : rows) {
      losses.push_back(double{whole.target_value} - row.prediction.target_value);
    }
    explain::QualityValue& value = step.values.emplace_back();
    value.metric = explain::Metric::kInfidelity;
    value.value = static_cast<float>(Of(subject.word_scores, losses));
    std::vector<double> random;
    for (const Order& order : subject.random_orders) random.push_back(Of(Dealt(subject.word_scores, order), losses));
    HoldAgainst(random, /*higher_is_better=*/false, &value);
    return step;
  }

 private:
  std::vector<bool> Kept(uint32_t sample, size_t num_words) const {
    base::Random random(seed_, kFirstStream + sample);
    std::vector<bool> is_kept(num_words);
    for (size_t i = 0; i < num_words; ++i) is_kept[i] = random.Below(2) == 1;
    return is_kept;
  }

  double Of(const std::vector<float>& scores, const std::vector<double>& losses) const {
    std::vector<double> promised;
    double product = 0, square = 0, loss_square = 0;
    for (uint32_t i = 0; i < samples_; ++i) {
      const std::vector<bool> is_kept = Kept(i, scores.size());
      double sum = 0;
      for (size_t word = 0; word < scores.size(); ++word) sum += is_kept[word] ? 0 : scores[word];
      promised.push_back(sum);
      product += sum * losses[i];
      square += sum * sum;
      loss_square += losses[i] * losses[i];
    }
    const double scale = square > 0 ? product / square : 0;
    double error = 0;
    for (uint32_t i = 0; i < samples_; ++i)
      error += (scale * promised[i] - losses[i]) * (scale * promised[i] - losses[i]);
    // A text of which nothing changes F is described by any scores.
    return loss_square > 0 ? error / loss_square : 0;
  }

  const uint32_t samples_;
  const uint64_t seed_;
};

}  // namespace

std::unique_ptr<Gauge> MakeInfidelity(const Options& options) { return std::make_unique<Infidelity>(options); }

}  // namespace limpid::quality
