#include "engine/pass/target.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "engine/pass/class_score.h"

namespace limpid::engine {

void ResolveClassTarget(const Target& target, ModelCard::Task task, Prediction* prediction) {
  const std::span<const float> z = prediction->logits;
  switch (target.kind) {
    case Target::Kind::kNone:
    case Target::Kind::kSimilarity:
    case Target::Kind::kAnswer:
      return;
    case Target::Kind::kMeanOutput:
      prediction->target_value =
          static_cast<float>(std::accumulate(z.begin(), z.end(), 0.0) / static_cast<double>(z.size()));
      return;
    case Target::Kind::kClass:
    case Target::Kind::kContrast:
      break;
  }
  prediction->class_index = target.class_index == Target::kPredicted ? ArgMax(z, -1) : target.class_index;
  double value = ClassScore(target.score, task, z, prediction->class_index);
  if (target.kind == Target::Kind::kContrast) {
    prediction->foil_index =
        target.foil_index == Target::kRunnerUp ? ArgMax(z, prediction->class_index) : target.foil_index;
    value -= ClassScore(target.score, task, z, prediction->foil_index);
  }
  prediction->target_value = static_cast<float>(value);
}

std::vector<float> ClassTargetGradient(const Target& target, ModelCard::Task task, const Prediction& prediction) {
  const std::span<const float> z = prediction.logits;
  std::vector<double> gradient(z.size(), 0);
  if (target.kind == Target::Kind::kMeanOutput) {
    std::fill(gradient.begin(), gradient.end(), 1.0 / static_cast<double>(z.size()));
  } else {
    AddClassScoreGradient(target.score, task, z, prediction.class_index, 1, &gradient);
    if (target.kind == Target::Kind::kContrast) {
      AddClassScoreGradient(target.score, task, z, prediction.foil_index, -1, &gradient);
    }
  }
  return {gradient.begin(), gradient.end()};
}

double CosineSimilarity(std::span<const float> a, std::span<const float> b) {
  double dot = 0, aa = 0, bb = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    dot += double{a[i]} * b[i];
    aa += double{a[i]} * a[i];
    bb += double{b[i]} * b[i];
  }
  return aa > 0 && bb > 0 ? dot / std::sqrt(aa * bb) : 0;
}

std::vector<float> CosineSimilarityGradient(std::span<const float> a, std::span<const float> b) {
  double aa = 0, bb = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    aa += double{a[i]} * a[i];
    bb += double{b[i]} * b[i];
  }
  std::vector<float> gradient(a.size(), 0);
  if (aa == 0 || bb == 0) return gradient;
  const double cosine = CosineSimilarity(a, b), a_norm = std::sqrt(aa), b_norm = std::sqrt(bb);
  for (size_t i = 0; i < a.size(); ++i) {
    gradient[i] = static_cast<float>((b[i] / b_norm - cosine * a[i] / a_norm) / a_norm);
  }
  return gradient;
}

}  // namespace limpid::engine
