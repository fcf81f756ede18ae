#include <algorithm>
#include <cmath>
#include <utility>

#include "quality/gauge.h"

namespace limpid::quality {
namespace {

using explain::Metric;

// Soft normalized comprehensiveness and sufficiency (Zhao & Aletras 2023): each element of a word's embeddings is kept
// with a probability that is the word's score, scaled to [0, 1] over the words (sufficiency), or 1 minus that. With
// p(0) that of a text of which no element is kept and loss = max(0, p(x) - p), where p is the mean over the samples:
// loss / loss(0), or 1 - loss / loss(0). Special tokens are kept whole. The noise depends on (seed, sample). Held
// against the same scores dealt to the words at random: as many elements are kept, so that nothing but the order
// differs.
class Soft final : public Gauge {
 public:
  Soft(const Options& options, Metric metric)
      : samples_(options.samples), orders_(options.random_orders), seed_(options.seed), metric_(metric) {}

  std::vector<explain::Forecast> Expect(const Words&) const override {
    return {{.rows = 1 + samples_ * (1 + orders_)}};
  }

  absl::StatusOr<GaugeStep> Fold(const Subject& subject, std::span<const engine::RowResult> rows) override {
    GaugeStep step;
    if (rows.empty()) {
      step.more_rows.push_back(Row(subject, std::vector<float>(subject.words.size(), 0), 0));
      AddRows(subject, subject.word_scores, &step.more_rows);
      for (const Order& order : subject.random_orders) {
        AddRows(subject, Dealt(subject.word_scores, order), &step.more_rows);
      }
      return step;
    }
    explain::QualityValue& value = step.values.emplace_back();
    value.metric = metric_;
    const double most = Loss(subject, rows.first(1));
    value.value = static_cast<float>(Of(subject, rows.subspan(1, samples_), most));
    std::vector<double> random;
    for (uint32_t k = 1; k <= orders_; ++k) {
      random.push_back(Of(subject, rows.subspan(1 + size_t{k} * samples_, samples_), most));
    }
    HoldAgainst(random, /*higher_is_better=*/true, &value);
    return step;
  }

 private:
  // [words]
  std::vector<float> Keep(const std::vector<float>& scores) const {
    const auto [least, most] = std::ranges::minmax(scores);
    std::vector<float> keep;
    for (float score : scores) {
      // Scores that are all the same prefer no word.
      const double scaled = most > least ? (double{score} - least) / (double{most} - least) : 0.5;
      keep.push_back(static_cast<float>(metric_ == Metric::kSoftSufficiency ? scaled : 1 - scaled));
    }
    return keep;
  }

  engine::Row Row(const Subject& subject, const std::vector<float>& keep, uint32_t sample) const {
    engine::Row row = explain::FrozenRow(subject.input(), subject.base.prediction);
    row.alteration = engine::Alteration{.at = engine::AttachPoint::kWordEmbedding,
                                        .noise = engine::Noise{.kind = engine::Noise::Kind::kBernoulli,
                                                               .keep = subject.words.OverTokens(keep, 1),
                                                               .seed = seed_,
                                                               .sample = sample}};
    return row;
  }

  void AddRows(const Subject& subject, const std::vector<float>& scores, std::vector<engine::Row>* rows) const {
    const std::vector<float> keep = Keep(scores);
    for (uint32_t sample = 0; sample < samples_; ++sample) rows->push_back(Row(subject, keep, sample));
  }

  static double Loss(const Subject& subject, std::span<const engine::RowResult> rows) {
    double mean = 0;
    for (const engine::RowResult& row : rows) {
      mean += ChanceOf(subject.input(), row.prediction) / static_cast<double>(rows.size());
    }
    return std::max(0.0, ChanceOf(subject.input(), subject.base.prediction) - mean);
  }

  double Of(const Subject& subject, std::span<const engine::RowResult> rows, double most) const {
    // Where the text says nothing for its class, no part of it says more.
    if (most <= 0) return 0;
    const double share = Loss(subject, rows) / most;
    return metric_ == Metric::kSoftSufficiency ? 1 - share : share;
  }

  const uint32_t samples_, orders_;
  const uint64_t seed_;
  const Metric metric_;
};

}  // namespace

std::unique_ptr<Gauge> MakeSoft(const Options& options, Metric metric) {
  return std::make_unique<Soft>(options, metric);
}

}  // namespace limpid::quality
