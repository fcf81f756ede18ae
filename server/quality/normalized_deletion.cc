#include <map>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "quality/course.h"
#include "quality/gauge.h"
#include "quality/order_metric.h"
#include "quality/removal_beam.h"

namespace limpid::quality {
namespace {

using explain::Metric;
using Kept = RemovalBeam::Kept;

// The search takes beam_width * words^2 rows.
constexpr size_t kMostWords = 64;

// (deletion - lo) / (hi - lo), lo and hi the least and the greatest deletion of all orders as beam search finds them
// (Edin et al. 2025). Each round is one word more taken out of all sets of both beams; the orders' own rows come with
// the first.
class NormalizedDeletion final : public Gauge {
 public:
  explicit NormalizedDeletion(const Options& options) : options_(options), metric_(Deletion()) {}

  absl::Status Check(const Words& words) const override {
    if (words.size() <= kMostWords) return absl::OkStatus();
    return MetricError(options_, Metric::kNormalizedDeletion,
                       absl::StrCat("is NORMALIZED_DELETION, which takes a text of at most ", kMostWords,
                                    " words; this one has ", words.size()));
  }

  std::vector<explain::Forecast> Expect(const Words& words) const override {
    const size_t num_words = words.size();
    size_t rows = CountRows(metric_.cuts(num_words), num_words, options_.random_orders);
    for (size_t left = num_words; left > 1; --left) {
      const size_t paths = left == num_words ? 1 : 2 * size_t{options_.beam_width};
      rows += paths * left;
    }
    return {{.rows = static_cast<uint32_t>(rows)}};
  }

  absl::StatusOr<GaugeStep> Fold(const Subject& subject, std::span<const engine::RowResult> rows) override {
    const size_t num_words = subject.words.size();
    GaugeStep step;
    if (rows.empty()) {
      using Aim = RemovalBeam::Aim;
      for (Aim aim : {Aim::kLeast, Aim::kGreatest}) beams_.emplace_back(num_words, options_.beam_width, aim);
      step.more_rows = RowsOf(subject, metric_.cuts(num_words));
      num_course_rows_ = step.more_rows.size();
      AskNext(subject, &step);
      return step;
    }
    if (courses_.empty()) {
      courses_ = CoursesOf(subject, metric_.cuts(num_words), rows.first(num_course_rows_));
      rows = rows.subspan(num_course_rows_);
    }
    Advance(subject, rows);
    if (num_removed_ < num_words) {
      AskNext(subject, &step);
    } else {
      step.values.push_back(Value());
    }
    return step;
  }

 private:
  void AskNext(const Subject& subject, GaugeStep* step) {
    std::set<Kept> sets;
    for (const RemovalBeam& beam : beams_) beam.AddNext(&sets);
    asked_.assign(sets.begin(), sets.end());
    for (const Kept& is_kept : asked_) {
      step->more_rows.push_back(subject.words.Only(is_kept, subject.base.prediction));
    }
  }

  void Advance(const Subject& subject, std::span<const engine::RowResult> rows) {
    std::map<Kept, double> seen;
    for (size_t i = 0; i < asked_.size(); ++i) seen[asked_[i]] = ChanceOf(subject.input(), rows[i].prediction);
    for (RemovalBeam& beam : beams_) beam.Advance(seen);
    ++num_removed_;
  }

  explain::QualityValue Value() const {
    const auto words = static_cast<double>(num_removed_);
    const double highest = courses_[0].whole - beams_[0].sum() / words;
    const double lowest = courses_[0].whole - beams_[1].sum() / words;
    std::vector<double> values;
    for (const Course& course : courses_) {
      // All orders of a text of one word are the same.
      const double range = highest - lowest;
      values.push_back(range > 0 ? (metric_.value(course).value - lowest) / range : 0);
    }
    explain::QualityValue value = {.metric = Metric::kNormalizedDeletion, .value = static_cast<float>(values[0])};
    HoldAgainst(std::span(values).subspan(1), metric_.higher_is_better, &value);
    return value;
  }

  const Options options_;
  const OrderMetric metric_;
  std::vector<RemovalBeam> beams_;  // to the least sum of p, which is the greatest deletion, and to the greatest
  std::vector<Kept> asked_;         // by the beams, last
  size_t num_course_rows_ = 0;
  size_t num_removed_ = 0;
  std::vector<Course> courses_;
};

}  // namespace

std::unique_ptr<Gauge> MakeNormalizedDeletion(const Options& options) {
  return std::make_unique<NormalizedDeletion>(options);
}

}  // namespace limpid::quality
