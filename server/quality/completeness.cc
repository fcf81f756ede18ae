#include <cmath>
#include <numeric>

#include "quality/gauge.h"

namespace limpid::quality {
namespace {

// |sum - (F(x) - F(no words))| / |F(x) - F(no words)|. A random order has the same sum, so there is none to hold it
// against.
class Completeness final : public Gauge {
 public:
  std::vector<explain::Forecast> Expect(const Words&) const override { return {{.rows = 1}}; }

  absl::StatusOr<GaugeStep> Fold(const Subject& subject, std::span<const engine::RowResult> rows) override {
    const engine::Prediction& whole = subject.base.prediction;
    if (rows.empty()) {
      return GaugeStep{.more_rows = {subject.words.Only(std::vector<bool>(subject.words.size(), false), whole)}};
    }
    const std::vector<float>& scores = subject.word_scores;
    const double difference = double{whole.target_value} - rows[0].prediction.target_value;
    const double error = std::abs(std::accumulate(scores.begin(), scores.end(), 0.0) - difference);
    return GaugeStep{.values = {{.metric = explain::Metric::kCompleteness,
                                 .value = static_cast<float>(Relative(error, difference))}}};
  }
};

}  // namespace

std::unique_ptr<Gauge> MakeCompleteness() { return std::make_unique<Completeness>(); }

}  // namespace limpid::quality
