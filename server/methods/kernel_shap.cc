#include <algorithm>
#include <optional>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "explain/method.h"
#include "methods/lib/coalitions.h"
#include "methods/lib/game.h"
#include "methods/lib/least_squares.h"
#include "methods/lib/options.h"
#include "methods/registry.h"

namespace limpid::methods {
namespace {

constexpr uint32_t kMostSamples = 8192;

// By the definition: the mean of what a unit adds, over all orders of joining. `values` are those of EveryCoalition.
std::vector<double> ExactShapleyValues(std::span<const double> values, size_t num_units) {
  // Of a coalition's size: 1 / (units * (units - 1 over size)).
  std::vector<double> weight(num_units);
  double binomial = 1;
  for (size_t size = 0; size < num_units; ++size) {
    weight[size] = 1 / (static_cast<double>(num_units) * binomial);
    binomial *= static_cast<double>(num_units - 1 - size) / static_cast<double>(size + 1);
  }
  std::vector<double> scores(num_units, 0);
  for (size_t kept = 0; kept < values.size(); ++kept) {
    const auto size = static_cast<size_t>(__builtin_popcountll(kept));
    for (size_t i = 0; i < num_units; ++i) {
      const size_t joined = kept | size_t{1} << i;
      if (joined != kept) scores[i] += weight[size] * (values[joined] - values[kept]);
    }
  }
  return scores;
}

// Shapley values of the units (Lundberg & Lee 2017): by their definition where all coalitions are affordable, else by
// least squares over coalitions that are drawn as the Shapley kernel weighs them.
class KernelShap final : public explain::Method {
 public:
  static absl::StatusOr<std::unique_ptr<Method>> Create(const v1::KernelShap& options) {
    ABSL_ASSIGN_OR_RETURN(const GameRules rules, ReadGameRules(options.unit(), options.replacement()));
    ABSL_ASSIGN_OR_RETURN(const uint32_t samples, ReadCount(options.samples(), 512, 2, kMostSamples, "samples"));
    return std::make_unique<KernelShap>(rules, samples, options.seed());
  }

  KernelShap(const GameRules& rules, uint32_t samples, uint64_t seed) : rules_(rules), samples_(samples), seed_(seed) {}

  absl::Status Check(const explain::MethodInput& input) const override {
    ABSL_RETURN_IF_ERROR(CheckGame(rules_, input));
    const size_t num_units = NumUnits(rules_, input), least = num_units + 2;
    if (IsExact(num_units) || samples_ >= least) return absl::OkStatus();
    return absl::InvalidArgumentError(absl::StrCat("samples: is ", samples_, ", must be at least ", least, " for the ",
                                                   num_units, " units of this input"));
  }

  std::vector<explain::Forecast> Expect(const explain::MethodInput& input) const override {
    return {{.rows = NumRows(Coalitions(NumUnits(rules_, input)))}};
  }

  absl::StatusOr<explain::FoldStep> Fold(const explain::MethodInput& input, const engine::RowResult& base,
                                         std::span<const engine::RowResult> rows) override {
    if (!game_.has_value()) {
      game_.emplace(rules_, input, base);
      coalitions_ = Coalitions(game_->num_units());
    }
    game_->Take(rows);
    explain::FoldStep step{.more_rows = game_->Ask(coalitions_)};
    if (!step.more_rows.empty()) return step;
    const bool is_exact = IsExact(game_->num_units());
    const std::vector<double> values = game_->Values(coalitions_);
    step.scores = game_->Scores(is_exact ? ExactShapleyValues(values, game_->num_units())
                                         : EfficientLeastSquares(coalitions_, values));
    step.scores.card.form = is_exact ? "exact" : "sampled";
    if (!is_exact) {
      step.scores.card.seed = seed_;
      step.scores.card.samples = samples_;
    }
    step.scores.card.completeness = game_->CompletenessOf(step.scores.scores);
    return step;
  }

 private:
  bool IsExact(size_t num_units) const { return num_units < 32 && uint32_t{1} << num_units <= samples_; }

  std::vector<Coalition> Coalitions(size_t num_units) const {
    return IsExact(num_units) ? EveryCoalition(num_units) : ShapleyCoalitions(num_units, samples_, seed_);
  }

  const GameRules rules_;
  const uint32_t samples_;
  const uint64_t seed_;
  std::optional<Game> game_;
  std::vector<Coalition> coalitions_;
};

const Registration kRegistration(v1::Method::kKernelShap,
                                 [](const v1::Method& method) { return KernelShap::Create(method.kernel_shap()); });

}  // namespace
}  // namespace limpid::methods
