#include <cmath>

#include "explain/input.h"
#include "explain/method.h"
#include "explain/tensors.h"
#include "methods/lib/completeness.h"
#include "methods/lib/reduce.h"
#include "methods/registry.h"

namespace limpid::methods {
namespace {

// |sum over tokens of the hidden states [T, d]|: T times the size of their mean.
double SizeOfSum(const engine::HostTensor& hidden) {
  std::vector<double> sum(static_cast<size_t>(hidden.shape[1]), 0);
  for (size_t i = 0; i < hidden.values.size(); ++i) sum[i % sum.size()] += hidden.values[i];
  double squares = 0;
  for (double each : sum) squares += each * each;
  return std::sqrt(squares);
}

// Why two texts are similar: the cosine of two means of hidden states, h of the input and g of the other text, is the
// sum over pairs of tokens of h_i . g_j / (|sum h| |sum g|).
class TokenInteractions final : public explain::Method {
 public:
  absl::Status Check(const explain::MethodInput& input) const override {
    if (input.other == nullptr) {
      return absl::InvalidArgumentError("target: must be similarity: interactions are between two texts");
    }
    if (!input.model.has_mean_pooling) {
      return absl::InvalidArgumentError(
          "target: this model's embedding is its first token's, so that the similarity is no sum over tokens; needs "
          "mean pooling");
    }
    return absl::OkStatus();
  }

  void Plan(const explain::MethodInput& input, engine::Wanted* base) const override {
    // The last layer's, if they are not there already.
    if (base->hidden_states.empty() || base->hidden_states.back() != LastLayer(input)) {
      base->hidden_states.push_back(LastLayer(input));
    }
  }

  std::vector<explain::Forecast> Expect(const explain::MethodInput& input) const override {
    return {{.rows = 1, .wanted = OfOther(input).wanted, .num_tokens = input.other->tokens.size()}};
  }

  absl::StatusOr<explain::FoldStep> Fold(const explain::MethodInput& input, const engine::RowResult& base,
                                         std::span<const engine::RowResult> rows) override {
    explain::FoldStep step;
    if (rows.empty()) {
      step.more_rows.push_back(OfOther(input));
      return step;
    }
    const engine::HostTensor &hidden = base.hidden_states.back(), &other = rows.front().hidden_states.front();
    const double scale = SizeOfSum(hidden) * SizeOfSum(other);
    explain::TokenMatrix matrix{.other_tokens = input.other->tokens, .values = {}};
    double whole = 0;
    for (size_t i = 0; i < input.num_tokens(); ++i) {
      double score = 0;
      for (size_t j = 0; j < input.other->tokens.size(); ++j) {
        const double value = Dot(explain::RowOf(hidden, i), explain::RowOf(other, j)) / scale;
        matrix.values.push_back(static_cast<float>(value));
        score += value;
      }
      step.scores.scores.push_back(static_cast<float>(score));
      whole += score;
    }
    step.scores.card.is_signed = true;
    step.scores.card.layer = LastLayer(input);
    const float cosine = base.prediction.target_value;
    step.scores.card.completeness = {.value = cosine, .error = CompletenessError(whole, cosine, 0)};
    step.scores.matrix = std::move(matrix);
    return step;
  }

 private:
  static int32_t LastLayer(const explain::MethodInput& input) { return static_cast<int32_t>(input.model.num_layers); }

  static engine::Row OfOther(const explain::MethodInput& input) {
    engine::Row row = explain::RowOfTokens(*input.other);
    row.wanted.hidden_states = {LastLayer(input)};
    return row;
  }
};

const Registration kRegistration(v1::Method::kTokenInteractions,
                                 [](const v1::Method&) { return std::make_unique<TokenInteractions>(); });

}  // namespace
}  // namespace limpid::methods
