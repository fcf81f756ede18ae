#include <algorithm>
#include <cmath>
#include <optional>

#include "base/status_macros.h"
#include "explain/method.h"
#include "methods/lib/coalitions.h"
#include "methods/lib/game.h"
#include "methods/lib/least_squares.h"
#include "methods/lib/options.h"
#include "methods/registry.h"

namespace limpid::methods {
namespace {

struct Options {
  GameRules rules;
  uint32_t samples = 0;
  float kernel_width = 0, ridge = 0;
  uint64_t seed = 0;
};

// Ridge regression of F on which units are kept, close inputs weighing more (Ribeiro et al. 2016).
class Lime final : public explain::Method {
 public:
  static absl::StatusOr<std::unique_ptr<Method>> Create(const v1::Lime& proto) {
    Options options;
    options.seed = proto.seed();
    ABSL_ASSIGN_OR_RETURN(options.rules, ReadGameRules(proto.unit(), proto.replacement()));
    ABSL_ASSIGN_OR_RETURN(options.samples, ReadCount(proto.samples(), 512, 2, 8192, "samples"));
    ABSL_ASSIGN_OR_RETURN(options.kernel_width, ReadNumber(proto.kernel_width(), 0.25f, 0.01f, 100, "kernel_width"));
    ABSL_ASSIGN_OR_RETURN(options.ridge, ReadNumber(proto.ridge(), 1, 1e-6f, 1e6f, "ridge"));
    return std::make_unique<Lime>(options);
  }

  explicit Lime(const Options& options) : options_(options) {}

  absl::Status Check(const explain::MethodInput& input) const override { return CheckGame(options_.rules, input); }

  std::vector<explain::Forecast> Expect(const explain::MethodInput& input) const override {
    return {{.rows = NumRows(Coalitions(NumUnits(options_.rules, input)))}};
  }

  absl::StatusOr<explain::FoldStep> Fold(const explain::MethodInput& input, const engine::RowResult& base,
                                         std::span<const engine::RowResult> rows) override {
    if (!game_.has_value()) {
      game_.emplace(options_.rules, input, base);
      coalitions_ = Coalitions(game_->num_units());
    }
    game_->Take(rows);
    explain::FoldStep step{.more_rows = game_->Ask(coalitions_)};
    if (!step.more_rows.empty()) return step;
    step.scores = game_->Scores(
        RidgeCoefficients(coalitions_, game_->Values(coalitions_), Weights(game_->num_units()), options_.ridge));
    step.scores.card.seed = options_.seed;
    step.scores.card.samples = static_cast<uint32_t>(coalitions_.size());
    return step;
  }

 private:
  std::vector<Coalition> Coalitions(size_t num_units) const {
    return LimeCoalitions(num_units, options_.samples, options_.seed);
  }

  // exp(-d^2 / width^2) of the cosine distance d to all kept, 1 - sqrt(kept / units).
  std::vector<double> Weights(size_t num_units) const {
    std::vector<double> weights;
    for (const Coalition& kept : coalitions_) {
      const auto size = static_cast<double>(std::count(kept.begin(), kept.end(), true));
      const double distance = num_units == 0 ? 0 : 1 - std::sqrt(size / static_cast<double>(num_units));
      weights.push_back(std::exp(-std::pow(distance / options_.kernel_width, 2)));
    }
    return weights;
  }

  const Options options_;
  std::optional<Game> game_;
  std::vector<Coalition> coalitions_;
};

const Registration kRegistration(v1::Method::kLime,
                                 [](const v1::Method& method) { return Lime::Create(method.lime()); });

}  // namespace
}  // namespace limpid::methods
