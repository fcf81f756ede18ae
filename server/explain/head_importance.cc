#include <cmath>

#include "explain/methods.h"
#include "explain/tensors.h"

namespace limpid::explain {
namespace {

// Divides a layer's scores by their L2 norm; a layer without any stays 0.
void Normalize(std::span<float> scores) {
  double squares = 0;
  for (float score : scores) squares += double{score} * score;
  if (squares == 0) return;
  for (float& score : scores) score = static_cast<float>(score / std::sqrt(squares));
}

// |sum over tokens and width of O_lh * dF/dO_lh| (Michel et al. 2019), one number a head.
class HeadImportance final : public Method {
 public:
  explicit HeadImportance(const HeadImportanceSpec& spec) : spec_(spec) {}

  std::string_view name() const override { return "head_importance"; }

  std::vector<engine::Row> Plan(const MethodInput&, engine::Wanted* base) const override {
    base->head_importance = true;
    return {};
  }

  absl::StatusOr<FoldStep> Fold(const MethodInput&, const engine::RowResult& base,
                                std::span<const engine::RowResult>) override {
    const engine::HostTensor& raw = base.head_importance;
    std::vector<float> scores(raw.values.begin(), raw.values.end());
    if (spec_.normalize_by_layer) {
      const auto num_heads = static_cast<size_t>(raw.shape[1]);
      for (size_t begin = 0; begin < scores.size(); begin += num_heads)
        Normalize(std::span(scores).subspan(begin, num_heads));
    }
    FoldStep step;
    step.scores.head_scores = MakeTensor(raw.shape, std::move(scores));
    return step;
  }

 private:
  const HeadImportanceSpec spec_;
};

}  // namespace

std::unique_ptr<Method> Make(const HeadImportanceSpec& spec) { return std::make_unique<HeadImportance>(spec); }

}  // namespace limpid::explain
