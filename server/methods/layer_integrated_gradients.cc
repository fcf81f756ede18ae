#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include "base/status_macros.h"
#include "explain/method.h"
#include "explain/tensors.h"
#include "methods/lib/baseline.h"
#include "methods/lib/nested_integral.h"
#include "methods/lib/options.h"
#include "methods/registry.h"

namespace limpid::methods {
namespace {

using explain::FoldStep;
using explain::MethodInput;

// Each row carries hidden states of its own.
constexpr size_t kRowsAtOnce = 16;

struct Options {
  float tolerance;
  uint32_t most_intervals;
};

// Integrated gradients (Sundararajan et al. 2017) from the hidden states of the baseline's own run to those of the
// input, where they enter a layer.
class LayerIntegratedGradients final : public explain::Method {
 public:
  static absl::StatusOr<std::unique_ptr<Method>> Create(const v1::LayerIntegratedGradients& message) {
    Options options{};
    ABSL_ASSIGN_OR_RETURN(options.tolerance, ReadNumber(message.tolerance(), 1e-3f, 1e-6f, 1, "tolerance"));
    ABSL_ASSIGN_OR_RETURN(options.most_intervals, ReadMostIntervals(message.steps()));
    return std::make_unique<LayerIntegratedGradients>(options, message);
  }

  LayerIntegratedGradients(const Options& options, const v1::LayerIntegratedGradients& message)
      : options_(options), message_(message), path_(options.most_intervals, options.tolerance) {}

  absl::Status Check(const MethodInput& input) const override {
    ABSL_RETURN_IF_ERROR(Layer(input).status());
    return Resolve(input).status();
  }

  void Plan(const MethodInput& input, engine::Wanted* base) const override {
    std::vector<int32_t>& layers = base->hidden_states;
    const auto place = std::ranges::lower_bound(layers, *Layer(input));
    if (place == layers.end() || *place != *Layer(input)) layers.insert(place, *Layer(input));
  }

  std::vector<explain::Forecast> Expect(const MethodInput& input) const override {
    engine::Wanted start, node;
    start.hidden_states = {*Layer(input)};
    node.layer_gradient_dot = std::make_shared<const engine::HiddenStates>();
    const uint32_t nodes = ExpectedIntervals(options_.tolerance, options_.most_intervals) + 1;
    return {{.rows = 1, .wanted = start}, {.rows = nodes, .wanted = node}};
  }

  absl::StatusOr<FoldStep> Fold(const MethodInput& input, const engine::RowResult& base,
                                std::span<const engine::RowResult> rows) override {
    ABSL_ASSIGN_OR_RETURN(const ResolvedBaseline baseline, Resolve(input));
    FoldStep step;
    if (rows.empty()) {
      step.more_rows = {BaselineRow(input, base.prediction, baseline)};
      return step;
    }
    if (way_ == nullptr) {
      ABSL_RETURN_IF_ERROR(Begin(input, base, rows.front()));
      step.more_rows.push_back(EndRow(input, base.prediction));
    } else {
      Take(rows, base.prediction.target_value);
    }
    if (path_.IsDone()) {
      step.scores = Scores(baseline.name);
      return step;
    }
    for (float alpha : path_.NextNodes(kRowsAtOnce)) step.more_rows.push_back(RowAt(input, base.prediction, alpha));
    return step;
  }

 private:
  absl::StatusOr<int32_t> Layer(const MethodInput& input) const {
    const auto middle = static_cast<int32_t>(input.model.num_layers / 2);
    return ResolveLayer(message_.has_layer() ? message_.layer() : middle, input.model.num_layers + 1);
  }

  absl::StatusOr<ResolvedBaseline> Resolve(const MethodInput& input) const {
    return ResolveBaseline(message_.baseline(), engine::AttachPoint::kWordEmbedding, input, "baseline");
  }

  engine::Row BaselineRow(const MethodInput& input, const engine::Prediction& prediction,
                          const ResolvedBaseline& baseline) const {
    engine::Row row = explain::FrozenRow(input, prediction);
    row.alteration = engine::Alteration{.baseline = baseline.at, .alpha = {0}};
    row.wanted.hidden_states = {*Layer(input)};
    return row;
  }

  absl::Status Begin(const MethodInput& input, const engine::RowResult& base, const engine::RowResult& start) {
    const int32_t layer = *Layer(input);
    const std::vector<int32_t>& wanted = input.base_row.wanted.hidden_states;
    const auto found = std::ranges::find(wanted, layer);
    if (found == wanted.end()) return absl::InternalError("the input's own hidden states are missing");
    const std::span<const float> to = base.hidden_states[static_cast<size_t>(found - wanted.begin())].values;
    const std::span<const float> from = start.hidden_states.front().values;
    engine::HiddenStates way{.layer = layer, .values = {to.begin(), to.end()}};
    for (size_t i = 0; i < way.values.size(); ++i) way.values[i] -= from[i];
    start_.assign(from.begin(), from.end());
    way_ = std::make_shared<const engine::HiddenStates>(std::move(way));
    return absl::OkStatus();
  }

  // The input as it is: the node at alpha = 1.
  engine::Row EndRow(const MethodInput& input, const engine::Prediction& prediction) const {
    engine::Row row = explain::FrozenRow(input, prediction);
    row.wanted.layer_gradient_dot = way_;
    return row;
  }

  engine::Row RowAt(const MethodInput& input, const engine::Prediction& prediction, float alpha) const {
    engine::Row row = EndRow(input, prediction);
    row.alteration.reset();
    engine::HiddenStates states{.layer = way_->layer, .values = start_};
    for (size_t i = 0; i < states.values.size(); ++i) states.values[i] += alpha * way_->values[i];
    row.replaced_hidden = std::make_shared<const engine::HiddenStates>(std::move(states));
    return row;
  }

  void Take(std::span<const engine::RowResult> rows, float value) {
    for (const engine::RowResult& row : rows) {
      const std::span<const float> dots = row.layer_gradient_dot.values;
      std::vector<float> values(dots.begin(), dots.end());
      if (path_.num_nodes() == 0) {
        path_.SetEnd(std::move(values), value);
      } else {
        path_.Add(std::move(values), row.prediction.target_value);
      }
    }
  }

  explain::TokenScores Scores(const std::string& baseline) const {
    explain::TokenScores scores;
    scores.scores = explain::ToFloats(path_.scores());
    scores.card.layer = way_->layer;
    scores.card.reduction = explain::Reduction::kSum;
    scores.card.is_signed = true;
    scores.card.baseline = baseline;
    scores.card.samples = static_cast<uint32_t>(path_.num_nodes());
    scores.card.form = "clenshaw-curtis";
    scores.card.completeness = path_.completeness();
    return scores;
  }

  const Options options_;
  const v1::LayerIntegratedGradients message_;
  NestedIntegral path_;
  std::vector<float> start_;                         // [T, hidden_size]: h'
  std::shared_ptr<const engine::HiddenStates> way_;  // h - h'
};

const Registration kRegistration(v1::Method::kLayerIntegratedGradients, [](const v1::Method& method) {
  return LayerIntegratedGradients::Create(method.layer_integrated_gradients());
});

}  // namespace
}  // namespace limpid::methods
