#include "engine/pass/class_score.h"

#include <algorithm>
#include <cmath>

namespace limpid::engine {
namespace {

double Sigmoid(double z) { return 1 / (1 + std::exp(-z)); }

double LogSumExp(std::span<const float> z) {
  const double top = *std::max_element(z.begin(), z.end());
  double sum = 0;
  for (float value : z) sum += std::exp(value - top);
  return top + std::log(sum);
}

}  // namespace

int32_t ArgMax(std::span<const float> z, int32_t except) {
  int32_t best = -1;
  for (int32_t c = 0; c < static_cast<int32_t>(z.size()); ++c) {
    if (c != except && (best < 0 || z[static_cast<size_t>(c)] > z[static_cast<size_t>(best)])) best = c;
  }
  return best;
}

double ClassScore(Score score, ModelCard::Task task, std::span<const float> z, int32_t c) {
  const double logit = z[static_cast<size_t>(c)];
  if (score == Score::kLogit) return logit;
  const double log_prob = task == ModelCard::Task::kMultiLabel ? -std::log1p(std::exp(-logit)) : logit - LogSumExp(z);
  return score == Score::kLogProb ? log_prob : std::exp(log_prob);
}

void AddClassScoreGradient(Score score, ModelCard::Task task, std::span<const float> z, int32_t c, double factor,
                           std::vector<double>* gradient) {
  const auto index = static_cast<size_t>(c);
  if (score == Score::kLogit) {
    (*gradient)[index] += factor;
    return;
  }
  if (score == Score::kProb) factor *= ClassScore(score, task, z, c);
  if (task == ModelCard::Task::kMultiLabel) {
    (*gradient)[index] += factor * (1 - Sigmoid(z[index]));
    return;
  }
  const double log_sum = LogSumExp(z);
  (*gradient)[index] += factor;
  for (size_t k = 0; k < z.size(); ++k) (*gradient)[k] -= factor * std::exp(z[k] - log_sum);
}

}  // namespace limpid::engine
