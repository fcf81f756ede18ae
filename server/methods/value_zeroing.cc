#include <numeric>

#include "base/status_macros.h"
#include "explain/method.h"
#include "explain/tensors.h"
#include "methods/lib/options.h"
#include "methods/registry.h"

namespace limpid::methods {
namespace {

// The row runs once more for each token, all of it one piece of work that nobody can come between.
constexpr size_t kMaxTokens = 128;

// row * C, with C the rows of `changes` [T, T] scaled to sum 1. A token that no value changes has a row of zeros.
std::vector<double> TimesScaledRows(std::vector<double> row, std::span<const float> changes) {
  for (size_t i = 0; i < row.size(); ++i) {
    const std::span<const float> line = changes.subspan(i * row.size(), row.size());
    const double sum = std::accumulate(line.begin(), line.end(), 0.0);
    row[i] = sum > 0 ? row[i] / sum : 0;
  }
  return explain::TimesMatrix(row, changes);
}

// Row `query_token` of C_L ... C_1, or of one layer's C (Mohebbi et al. 2023).
class ValueZeroing final : public explain::Method {
 public:
  explicit ValueZeroing(const v1::ValueZeroing& options) : options_(options) {}

  absl::Status Check(const explain::MethodInput& input) const override {
    ABSL_RETURN_IF_ERROR(CheckNumTokens(input, kMaxTokens));
    if (options_.has_layer()) {
      ABSL_RETURN_IF_ERROR(ResolveLayer(options_.layer(), input.model.num_layers).status());
    }
    return explain::CheckQueryToken(options_.query_token(), input);
  }

  void Plan(const explain::MethodInput&, engine::Wanted* base) const override { base->value_zeroing = true; }

  absl::StatusOr<explain::FoldStep> Fold(const explain::MethodInput& input, const engine::RowResult& base,
                                         std::span<const engine::RowResult>) override {
    explain::FoldStep step;
    step.scores.card.query_token =
        static_cast<int32_t>(explain::QueryToken(options_.query_token(), input, base.prediction));
    step.scores.card.depends_on_target = false;
    auto begin = int32_t{0}, end = static_cast<int32_t>(input.model.num_layers);
    if (options_.has_layer()) {
      ABSL_ASSIGN_OR_RETURN(begin, ResolveLayer(options_.layer(), input.model.num_layers));
      end = begin + 1;
      step.scores.card.layer = begin;
    }
    std::vector<double> row =
        explain::UnitRow(input.num_tokens(), explain::QueryToken(options_.query_token(), input, base.prediction));
    for (int32_t layer = end; layer-- > begin;) {
      row = TimesScaledRows(std::move(row), explain::MatrixOf(base.value_zeroing, static_cast<size_t>(layer)));
    }
    step.scores.scores = explain::ToFloats(row);
    return step;
  }

 private:
  const v1::ValueZeroing options_;
};

const Registration kRegistration(v1::Method::kValueZeroing, [](const v1::Method& method) {
  return std::make_unique<ValueZeroing>(method.value_zeroing());
});

}  // namespace
}  // namespace limpid::methods
