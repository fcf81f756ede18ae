#include "absl/strings/str_cat.h"
#include "explain/methods.h"
#include "explain/tensors.h"

namespace limpid::explain {
namespace {

// Row `query_token` of S = mean over heads of max(0, dF/dA * A) of one layer.
class GradientXAttention final : public Method {
 public:
  explicit GradientXAttention(const GradientXAttentionSpec& spec) : spec_(spec) {}

  std::string_view name() const override { return "gradient_x_attention"; }

  absl::Status Check(const MethodInput& input) const override {
    const int64_t num_layers = input.model.num_layers;
    if (spec_.layer < -num_layers || spec_.layer >= num_layers) {
      return absl::InvalidArgumentError(
          absl::StrCat("layer: is ", spec_.layer, ", must be in [", -num_layers, ", ", num_layers, ")"));
    }
    return CheckQueryToken(spec_.query_token, input);
  }

  std::vector<engine::Row> Plan(const MethodInput&, engine::Wanted* base) const override {
    base->gradient_attention = true;
    return {};
  }

  absl::StatusOr<FoldStep> Fold(const MethodInput& input, const engine::RowResult& base,
                                std::span<const engine::RowResult>) override {
    const int64_t layer = spec_.layer < 0 ? spec_.layer + input.model.num_layers : spec_.layer;
    FoldStep step;
    step.scores.card.layer = static_cast<int32_t>(layer);
    step.scores.card.query_token = static_cast<int32_t>(spec_.query_token);
    const size_t first_row = static_cast<size_t>(layer) * input.encoding.tokens.size();
    const std::span<const float> row = RowOf(base.gradient_attention, first_row + spec_.query_token);
    step.scores.scores.assign(row.begin(), row.end());
    return step;
  }

 private:
  const GradientXAttentionSpec spec_;
};

}  // namespace

std::unique_ptr<Method> Make(const GradientXAttentionSpec& spec) { return std::make_unique<GradientXAttention>(spec); }

}  // namespace limpid::explain
