#include <algorithm>
#include <limits>
#include <numeric>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "explain/method.h"
#include "explain/tensors.h"
#include "methods/lib/baseline.h"
#include "methods/lib/completeness.h"
#include "methods/lib/nested_integral.h"
#include "methods/lib/options.h"
#include "methods/lib/quadrature.h"
#include "methods/registry.h"

namespace limpid::methods {
namespace {

using explain::FoldStep;
using explain::MethodInput;

constexpr uint32_t kMaxNodes = 512;  // of Gauss-Legendre
constexpr int kMaxBaselines = 32;
constexpr size_t kAll = std::numeric_limits<size_t>::max();

struct Options {
  engine::AttachPoint attach_point;
  bool is_gauss;
  float tolerance;
  uint32_t steps;
};

absl::StatusOr<Options> ReadOptions(const v1::IntegratedGradients& options) {
  if (options.baselines_size() > kMaxBaselines) {
    return absl::InvalidArgumentError(
        absl::StrCat("baselines: ", options.baselines_size(), " are given, at most ", kMaxBaselines, " are allowed"));
  }
  if (!v1::IntegratedGradients::Quadrature_IsValid(options.quadrature())) {
    return UnknownValue("quadrature", options.quadrature());
  }
  Options read{};
  read.is_gauss = options.quadrature() == v1::IntegratedGradients::QUADRATURE_GAUSS_LEGENDRE;
  ABSL_ASSIGN_OR_RETURN(read.attach_point, ReadAttachPoint(options.attach_point()));
  ABSL_ASSIGN_OR_RETURN(read.tolerance, ReadNumber(options.tolerance(), 1e-3f, 1e-6f, 1, "tolerance"));
  if (read.is_gauss) {
    ABSL_ASSIGN_OR_RETURN(read.steps, ReadCount(options.steps(), 50, 1, kMaxNodes, "steps"));
  } else {
    ABSL_ASSIGN_OR_RETURN(read.steps, ReadMostIntervals(options.steps()));
  }
  return read;
}

// The mean over the paths from several baselines, with the errors of the worst of them.
class MeanOfPaths {
 public:
  MeanOfPaths(size_t num_tokens, size_t num_paths) : sums_(num_tokens, 0), share_(1 / static_cast<double>(num_paths)) {}

  void Add(const std::vector<double>& scores, const explain::Completeness& path) {
    for (size_t t = 0; t < sums_.size(); ++t) sums_[t] += share_ * scores[t];
    worst_.value = path.value;
    worst_.baseline_value += static_cast<float>(share_ * path.baseline_value);
    worst_.error = std::max(worst_.error, path.error);
    worst_.refinement_error = std::max(worst_.refinement_error, path.refinement_error);
    worst_.is_certified = worst_.is_certified && path.is_certified;
  }

  const std::vector<double>& scores() const { return sums_; }
  const explain::Completeness& completeness() const { return worst_; }

 private:
  std::vector<double> sums_;
  const double share_;
  explain::Completeness worst_{.is_certified = true};
};

// Sundararajan et al. 2017; the mean over several baselines is that of expected gradients (Erion et al. 2021).
class IntegratedGradients final : public explain::Method {
 public:
  static absl::StatusOr<std::unique_ptr<Method>> Create(const v1::IntegratedGradients& options) {
    ABSL_ASSIGN_OR_RETURN(const Options read, ReadOptions(options));
    return std::make_unique<IntegratedGradients>(read, options);
  }

  IntegratedGradients(const Options& options, const v1::IntegratedGradients& message)
      : options_(options),
        baselines_(message.baselines().begin(), message.baselines().end()),
        sends_refinements_(message.send_refinements()) {
    if (baselines_.empty()) baselines_.emplace_back();
  }

  absl::Status Check(const MethodInput& input) const override { return Resolve(input).status(); }

  void Plan(const MethodInput& input, engine::Wanted* base) const override {
    if (options_.is_gauss) return;
    // The prediction's own backward pass is the node at alpha = 1.
    const std::vector<ResolvedBaseline> baselines = *Resolve(input);
    for (const ResolvedBaseline& baseline : baselines) {
      if (FindDots(base->gradient_dots, baseline) == base->gradient_dots.size()) {
        base->gradient_dots.push_back(baseline.at);
      }
    }
  }

  std::vector<explain::Forecast> Expect(const MethodInput& input) const override {
    const uint32_t rows = options_.is_gauss ? options_.steps : ExpectedIntervals(options_.tolerance, options_.steps);
    engine::Wanted wanted;
    wanted.gradient_dots.push_back(Resolve(input)->front().at);
    std::vector<explain::Forecast> forecasts(baselines_.size(), {.rows = rows, .wanted = wanted});
    if (options_.is_gauss) forecasts.push_back({.rows = static_cast<uint32_t>(baselines_.size())});
    return forecasts;
  }

  absl::StatusOr<FoldStep> Fold(const MethodInput& input, const engine::RowResult& base,
                                std::span<const engine::RowResult> rows) override {
    if (resolved_.empty()) {
      ABSL_ASSIGN_OR_RETURN(resolved_, Resolve(input));
    }
    if (options_.is_gauss) return FoldGauss(input, base, rows);
    if (paths_.empty()) {
      ABSL_RETURN_IF_ERROR(Begin(input, base));
    } else {
      Take(rows);
    }
    FoldStep step;
    for (size_t i = 0; i < paths_.size(); ++i) {
      if (paths_[i].IsDone()) continue;
      for (float alpha : paths_[i].NextNodes(kAll)) {
        step.more_rows.push_back(RowAt(input, base.prediction, resolved_[i].at, alpha, /*has_gradient=*/true));
      }
    }
    const bool is_known = paths_.front().IsComplete();
    step.is_refinement = sends_refinements_ && is_known && !step.more_rows.empty();
    if (step.is_refinement || step.more_rows.empty()) step.scores = Scores();
    return step;
  }

 private:
  absl::StatusOr<std::vector<ResolvedBaseline>> Resolve(const MethodInput& input) const {
    std::vector<ResolvedBaseline> resolved;
    for (size_t i = 0; i < baselines_.size(); ++i) {
      ABSL_ASSIGN_OR_RETURN(ResolvedBaseline baseline, ResolveBaseline(baselines_[i], options_.attach_point, input,
                                                                       absl::StrCat("baselines[", i, "]")));
      resolved.push_back(std::move(baseline));
    }
    return resolved;
  }

  engine::Row RowAt(const MethodInput& input, const engine::Prediction& prediction,
                    const std::shared_ptr<const engine::Baseline>& baseline, float alpha, bool has_gradient) const {
    engine::Row row = explain::FrozenRow(input, prediction);
    if (!row.alteration.has_value()) row.alteration.emplace();
    row.alteration->at = options_.attach_point;
    row.alteration->baseline = baseline;
    row.alteration->alpha = {alpha};
    if (has_gradient) row.wanted.gradient_dots = {baseline};
    return row;
  }

  // Where the products with this baseline are; one past the end if nobody wants them. Methods may share them.
  static size_t FindDots(std::span<const std::shared_ptr<const engine::Baseline>> wanted,
                         const ResolvedBaseline& baseline) {
    const auto found = std::ranges::find_if(wanted, [&](const auto& other) { return *other == *baseline.at; });
    return static_cast<size_t>(found - wanted.begin());
  }

  absl::Status Begin(const MethodInput& input, const engine::RowResult& base) {
    for (const ResolvedBaseline& baseline : resolved_) {
      const size_t index = FindDots(input.base_row.wanted.gradient_dots, baseline);
      if (index >= base.gradient_dots.size()) return absl::InternalError("the prediction's own node is missing");
      const std::span<const float> values = base.gradient_dots[index].values;
      paths_.emplace_back(options_.steps, options_.tolerance);
      paths_.back().SetEnd({values.begin(), values.end()}, base.prediction.target_value);
    }
    return absl::OkStatus();
  }

  void Take(std::span<const engine::RowResult> rows) {
    for (NestedIntegral& path : paths_) {
      if (path.IsDone()) continue;
      const size_t count = path.NextNodes(kAll).size();
      for (const engine::RowResult& row : rows.first(count)) {
        const std::span<const float> dots = row.gradient_dots.front().values;
        path.Add({dots.begin(), dots.end()}, row.prediction.target_value);
      }
      rows = rows.subspan(count);
    }
  }

  // All nodes at once, and F at the baselines.
  absl::StatusOr<FoldStep> FoldGauss(const MethodInput& input, const engine::RowResult& base,
                                     std::span<const engine::RowResult> rows) const {
    const Quadrature rule = GaussLegendre(options_.steps);
    FoldStep step;
    if (rows.empty()) {
      for (const ResolvedBaseline& baseline : resolved_) {
        for (double alpha : rule.nodes) {
          step.more_rows.push_back(RowAt(input, base.prediction, baseline.at, static_cast<float>(alpha), true));
        }
        step.more_rows.push_back(RowAt(input, base.prediction, baseline.at, 0, false));
      }
      return step;
    }
    MeanOfPaths mean(input.num_tokens(), resolved_.size());
    for (; !rows.empty(); rows = rows.subspan(options_.steps + 1)) {
      std::vector<double> scores(input.num_tokens(), 0);
      for (size_t k = 0; k < options_.steps; ++k) {
        const std::span<const float> values = rows[k].gradient_dots.front().values;
        for (size_t t = 0; t < scores.size(); ++t) scores[t] += rule.weights[k] * values[t];
      }
      explain::Completeness path{.value = base.prediction.target_value,
                                 .baseline_value = rows[options_.steps].prediction.target_value};
      path.error =
          CompletenessError(std::accumulate(scores.begin(), scores.end(), 0.0), path.value, path.baseline_value);
      mean.Add(scores, path);
    }
    step.scores = ScoresOf(mean, options_.steps * static_cast<uint32_t>(resolved_.size()));
    return step;
  }

  explain::TokenScores Scores() const {
    MeanOfPaths mean(paths_.front().scores().size(), paths_.size());
    size_t num_nodes = 0;
    for (const NestedIntegral& path : paths_) {
      mean.Add(path.scores(), path.completeness());
      num_nodes += path.num_nodes();
    }
    return ScoresOf(mean, static_cast<uint32_t>(num_nodes));
  }

  explain::TokenScores ScoresOf(const MeanOfPaths& mean, uint32_t num_nodes) const {
    explain::TokenScores scores;
    scores.scores = explain::ToFloats(mean.scores());
    scores.card.attach_point = options_.attach_point;
    scores.card.reduction = explain::Reduction::kSum;
    scores.card.is_signed = true;
    for (const ResolvedBaseline& baseline : resolved_) {
      absl::StrAppend(&scores.card.baseline, scores.card.baseline.empty() ? "" : ", ", baseline.name);
    }
    scores.card.samples = num_nodes;
    scores.card.form = options_.is_gauss ? "gauss-legendre" : "clenshaw-curtis";
    scores.card.completeness = mean.completeness();
    return scores;
  }

  const Options options_;
  std::vector<v1::Baseline> baselines_;
  const bool sends_refinements_;
  std::vector<ResolvedBaseline> resolved_;  // from the first fold on
  std::vector<NestedIntegral> paths_;       // one a baseline
};

const Registration kRegistration(v1::Method::kIntegratedGradients, [](const v1::Method& method) {
  return IntegratedGradients::Create(method.integrated_gradients());
});

}  // namespace
}  // namespace limpid::methods
