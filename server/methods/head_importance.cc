#include <cmath>

#include "explain/method.h"
#include "explain/tensors.h"
#include "methods/registry.h"

namespace limpid::methods {
namespace {

// Divides a layer's scores by their L2 norm; a layer without any stays 0.
void Normalize(std::span<float> scores) {
  double squares = 0;
  for (float score : scores) squares += double{score} * score;
  if (squares == 0) return;
  for (float& score : scores) score = static_cast<float>(score / std::sqrt(squares));
}

// |sum over tokens and width of O_lh * dF/dO_lh| (Michel et al. 2019), one number a head.
class HeadImportance final : public explain::Method {
 public:
  explicit HeadImportance(const v1::HeadImportance& options) : options_(options) {}

  void Plan(const explain::MethodInput&, engine::Wanted* base) const override { base->head_importance = true; }

  absl::StatusOr<explain::FoldStep> Fold(const explain::MethodInput&, const engine::RowResult& base,
                                         std::span<const engine::RowResult>) override {
    const engine::HostTensor& raw = base.head_importance;
    std::vector<float> scores(raw.values.begin(), raw.values.end());
    if (options_.normalize_by_layer()) {
      const auto num_heads = static_cast<size_t>(raw.shape[1]);
      for (size_t begin = 0; begin < scores.size(); begin += num_heads)
        Normalize(std::span(scores).subspan(begin, num_heads));
    }
    explain::FoldStep step;
    step.scores.head_scores = explain::MakeTensor(raw.shape, std::move(scores));
    return step;
  }

 private:
  const v1::HeadImportance options_;
};

const Registration kRegistration(v1::Method::kHeadImportance, [](const v1::Method& method) {
  return std::make_unique<HeadImportance>(method.head_importance());
});

}  // namespace
}  // namespace limpid::methods
