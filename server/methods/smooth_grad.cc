#include <algorithm>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "explain/method.h"
#include "explain/tensors.h"
#include "methods/lib/options.h"
#include "methods/lib/reduce.h"
#include "methods/registry.h"

namespace limpid::methods {
namespace {

using engine::AttachPoint;
using explain::MethodInput;
using explain::Reduction;
using Form = v1::SmoothGrad::Form;

// Each result is [T, hidden_size] twice.
constexpr uint32_t kRowsAtOnce = 16;

struct Options {
  AttachPoint attach_point = AttachPoint::kWordEmbedding;
  Reduction reduction = Reduction::kL2;
  Form form = v1::SmoothGrad::FORM_MEAN;
  uint32_t samples = 0;
  float noise_level = 0;
  uint64_t seed = 0;
};

absl::StatusOr<Reduction> ReadReductionOf(Form form, v1::Reduction asked) {
  ABSL_ASSIGN_OR_RETURN(const Reduction reduction, ReadReduction(asked));
  if (form == v1::SmoothGrad::FORM_MEAN) {
    if (reduction == Reduction::kSum) {
      return absl::InvalidArgumentError("reduction: must be L2, L1 or MEAN_ABS: the size of a gradient has no sign");
    }
    return reduction == Reduction::kDefault ? Reduction::kL2 : reduction;
  }
  if (reduction == Reduction::kDefault || reduction == Reduction::kSum) return Reduction::kSum;
  return absl::InvalidArgumentError("reduction: must be SUM, for squares and variances are sums of elements");
}

absl::StatusOr<Options> ReadOptions(const v1::SmoothGrad& message) {
  if (!v1::SmoothGrad::Form_IsValid(message.form())) return UnknownValue("form", message.form());
  Options options;
  if (message.form() != v1::SmoothGrad::FORM_UNSPECIFIED) options.form = message.form();
  options.seed = message.seed();
  ABSL_ASSIGN_OR_RETURN(options.attach_point, ReadAttachPoint(message.attach_point()));
  ABSL_ASSIGN_OR_RETURN(options.reduction, ReadReductionOf(options.form, message.reduction()));
  ABSL_ASSIGN_OR_RETURN(options.samples, ReadCount(message.samples(), 32, 1, 1024, "samples"));
  ABSL_ASSIGN_OR_RETURN(options.noise_level, ReadNumber(message.noise_level(), 0.1f, 1e-6f, 10, "noise_level"));
  return options;
}

// The gradient at inputs with Gaussian noise (Smilkov et al. 2017), and its square and variance (Hooker et al. 2019,
// Adebayo et al. 2018).
class SmoothGrad final : public explain::Method {
 public:
  static absl::StatusOr<std::unique_ptr<Method>> Create(const v1::SmoothGrad& message) {
    ABSL_ASSIGN_OR_RETURN(const Options options, ReadOptions(message));
    return std::make_unique<SmoothGrad>(options);
  }

  explicit SmoothGrad(const Options& options) : options_(options) {}

  absl::Status Check(const MethodInput& input) const override {
    if (!input.base_row.alteration.has_value()) return absl::OkStatus();
    return absl::InvalidArgumentError("attach_point: the input has noise already, and a row has one noise only");
  }

  // For the range of the input's embeddings.
  void Plan(const MethodInput&, engine::Wanted* base) const override { base->gradient_at[point()] = true; }

  std::vector<explain::Forecast> Expect(const MethodInput&) const override {
    engine::Wanted wanted;
    wanted.gradient_at[point()] = true;
    return {{.rows = options_.samples, .wanted = wanted, .rows_at_once = kRowsAtOnce}};
  }

  absl::StatusOr<explain::FoldStep> Fold(const MethodInput& input, const engine::RowResult& base,
                                         std::span<const engine::RowResult> rows) override {
    for (const engine::RowResult& row : rows) Take(row.gradients[point()]);
    explain::FoldStep step;
    const uint32_t end = std::min(options_.samples, num_taken_ + kRowsAtOnce);
    for (uint32_t sample = num_taken_; sample < end; ++sample) {
      step.more_rows.push_back(RowOf(input, base, sample));
    }
    if (step.more_rows.empty()) step.scores = Scores();
    return step;
  }

 private:
  size_t point() const { return static_cast<size_t>(options_.attach_point); }

  engine::Row RowOf(const MethodInput& input, const engine::RowResult& base, uint32_t sample) const {
    const auto [least, most] = std::ranges::minmax(base.inputs[point()].values);
    engine::Row row = explain::FrozenRow(input, base.prediction);
    row.alteration = engine::Alteration{.at = options_.attach_point,
                                        .noise = engine::Noise{.kind = engine::Noise::Kind::kGaussian,
                                                               .scale = options_.noise_level * (most - least),
                                                               .seed = options_.seed,
                                                               .sample = sample}};
    row.wanted.gradient_at[point()] = true;
    return row;
  }

  void Take(const engine::HostTensor& gradient) {
    sum_.resize(gradient.values.size(), 0);
    squares_.resize(static_cast<size_t>(gradient.shape[0]), 0);
    for (size_t i = 0; i < sum_.size(); ++i) sum_[i] += gradient.values[i];
    for (size_t t = 0; t < squares_.size(); ++t) {
      const std::span<const float> g = explain::RowOf(gradient, t);
      squares_[t] += Dot(g, g);
    }
    ++num_taken_;
  }

  explain::TokenScores Scores() const {
    explain::TokenScores scores;
    scores.card.attach_point = options_.attach_point;
    scores.card.reduction = options_.reduction;
    scores.card.seed = options_.seed;
    scores.card.samples = options_.samples;
    const size_t width = sum_.size() / squares_.size();
    for (size_t t = 0; t < squares_.size(); ++t) {
      scores.scores.push_back(static_cast<float>(ScoreOf(std::span(sum_).subspan(t * width, width), squares_[t])));
    }
    scores.card.form = options_.form == v1::SmoothGrad::FORM_MEAN      ? "mean"
                       : options_.form == v1::SmoothGrad::FORM_SQUARED ? "squared"
                                                                       : "variance";
    return scores;
  }

  // Of one token, from the sums over the samples of its gradient and of that gradient's squared length.
  double ScoreOf(std::span<const double> sum, double squares) const {
    const double n = options_.samples;
    if (options_.form == v1::SmoothGrad::FORM_SQUARED) return squares / n;
    std::vector<float> mean;
    double mean_squared = 0;
    for (double element : sum) {
      mean.push_back(static_cast<float>(element / n));
      mean_squared += element / n * (element / n);
    }
    if (options_.form == v1::SmoothGrad::FORM_MEAN) return Reduce(options_.reduction, mean);
    // Rounding may leave less than nothing where all gradients are equal.
    return std::max(0.0, squares / n - mean_squared);
  }

  const Options options_;
  std::vector<double> sum_;      // [T, hidden_size] of the gradients so far
  std::vector<double> squares_;  // [T] of their squared lengths
  uint32_t num_taken_ = 0;
};

const Registration kRegistration(v1::Method::kSmoothGrad,
                                 [](const v1::Method& method) { return SmoothGrad::Create(method.smooth_grad()); });

}  // namespace
}  // namespace limpid::methods
