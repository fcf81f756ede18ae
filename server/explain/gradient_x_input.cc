#include <numeric>

#include "explain/methods.h"
#include "explain/tensors.h"

namespace limpid::explain {
namespace {

// sum_d x_d * dF/dx_d of each token, signed (Shrikumar et al. 2016).
class GradientXInput final : public Method {
 public:
  explicit GradientXInput(const GradientXInputSpec& spec) : spec_(spec) {}

  std::string_view name() const override { return "gradient_x_input"; }

  std::vector<engine::Row> Plan(const MethodInput&, engine::Wanted* base) const override {
    base->gradient_at[static_cast<size_t>(spec_.attach_point)] = true;
    return {};
  }

  absl::StatusOr<FoldStep> Fold(const MethodInput& input, const engine::RowResult& base,
                                std::span<const engine::RowResult>) override {
    FoldStep step;
    step.scores.card.attach_point = spec_.attach_point;
    step.scores.card.reduction = Reduction::kSum;
    step.scores.card.is_signed = true;
    const auto point = static_cast<size_t>(spec_.attach_point);
    for (size_t t = 0; t < input.encoding.tokens.size(); ++t) {
      const std::span<const float> x = RowOf(base.inputs[point], t), g = RowOf(base.gradients[point], t);
      const double score = std::transform_reduce(x.begin(), x.end(), g.begin(), 0.0, std::plus<>(),
                                                 [](double a, double b) { return a * b; });
      step.scores.scores.push_back(static_cast<float>(score));
    }
    return step;
  }

 private:
  const GradientXInputSpec spec_;
};

}  // namespace

std::unique_ptr<Method> Make(const GradientXInputSpec& spec) { return std::make_unique<GradientXInput>(spec); }

}  // namespace limpid::explain
