#include <numeric>

#include "explain/method.h"
#include "explain/tensors.h"
#include "methods/registry.h"

namespace limpid::methods {
namespace {

// Row `query` of M_L ... M_1 with M_l = rows of (mean over heads of A_l) + I scaled to sum 1 (Abnar & Zuidema 2020).
// [layers, T, T] -> [T].
std::vector<double> RolloutRow(const engine::HostTensor& attention, size_t query) {
  const auto num_layers = static_cast<size_t>(attention.shape[0]), size = static_cast<size_t>(attention.shape[1]);
  std::vector<double> row = explain::UnitRow(size, query);
  for (size_t layer = num_layers; layer-- > 0;) {
    const std::span<const float> matrix = explain::MatrixOf(attention, layer);
    for (size_t i = 0; i < size; ++i) {
      const std::span<const float> line = matrix.subspan(i * size, size);
      row[i] /= 1 + std::accumulate(line.begin(), line.end(), 0.0);
    }
    row = explain::TimesMatrixPlusIdentity(row, matrix);
  }
  return row;
}

class AttentionRollout final : public explain::Method {
 public:
  explicit AttentionRollout(const v1::AttentionRollout& options) : options_(options) {}

  absl::Status Check(const explain::MethodInput& input) const override {
    return explain::CheckQueryToken(options_.query_token(), input);
  }

  void Plan(const explain::MethodInput&, engine::Wanted* base) const override { base->head_mean_attention = true; }

  absl::StatusOr<explain::FoldStep> Fold(const explain::MethodInput& input, const engine::RowResult& base,
                                         std::span<const engine::RowResult>) override {
    explain::FoldStep step;
    step.scores.card.query_token =
        static_cast<int32_t>(explain::QueryToken(options_.query_token(), input, base.prediction));
    step.scores.card.depends_on_target = false;
    step.scores.scores = explain::ToFloats(
        RolloutRow(base.head_mean_attention, explain::QueryToken(options_.query_token(), input, base.prediction)));
    return step;
  }

 private:
  const v1::AttentionRollout options_;
};

const Registration kRegistration(v1::Method::kAttentionRollout, [](const v1::Method& method) {
  return std::make_unique<AttentionRollout>(method.attention_rollout());
});

}  // namespace
}  // namespace limpid::methods
