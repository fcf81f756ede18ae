#include <numeric>

#include "explain/methods.h"
#include "explain/tensors.h"

namespace limpid::explain {
namespace {

// Row `query` of M_L ... M_1 with M_l = rows of (mean over heads of A_l) + I scaled to sum 1 (Abnar & Zuidema 2020).
// [layers, T, T] -> [T].
std::vector<double> RolloutRow(const engine::HostTensor& attention, size_t query) {
  const auto num_layers = static_cast<size_t>(attention.shape[0]), size = static_cast<size_t>(attention.shape[1]);
  std::vector<double> row = UnitRow(size, query);
  for (size_t layer = num_layers; layer-- > 0;) {
    const std::span<const float> matrix = MatrixOf(attention, layer);
    for (size_t i = 0; i < size; ++i) {
      const std::span<const float> line = matrix.subspan(i * size, size);
      row[i] /= 1 + std::accumulate(line.begin(), line.end(), 0.0);
    }
    row = TimesMatrixPlusIdentity(row, matrix);
  }
  return row;
}

class AttentionRollout final : public Method {
 public:
  explicit AttentionRollout(const AttentionRolloutSpec& spec) : spec_(spec) {}

  std::string_view name() const override { return "attention_rollout"; }

  absl::Status Check(const MethodInput& input) const override { return CheckQueryToken(spec_.query_token, input); }

  std::vector<engine::Row> Plan(const MethodInput&, engine::Wanted* base) const override {
    base->head_mean_attention = true;
    return {};
  }

  absl::StatusOr<FoldStep> Fold(const MethodInput&, const engine::RowResult& base,
                                std::span<const engine::RowResult>) override {
    FoldStep step;
    step.scores.card.query_token = static_cast<int32_t>(spec_.query_token);
    step.scores.card.depends_on_target = false;
    step.scores.scores = ToFloats(RolloutRow(base.head_mean_attention, spec_.query_token));
    return step;
  }

 private:
  const AttentionRolloutSpec spec_;
};

}  // namespace

std::unique_ptr<Method> Make(const AttentionRolloutSpec& spec) { return std::make_unique<AttentionRollout>(spec); }

}  // namespace limpid::explain
