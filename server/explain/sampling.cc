#include "explain/sampling.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <random>
#include <utility>

namespace limpid::explain {
namespace {

int32_t ArgMax(const std::vector<float>& logits) {
  return static_cast<int32_t>(std::max_element(logits.begin(), logits.end()) - logits.begin());
}

// In [0, 1). Of the standard library's engine, whose numbers are the same everywhere, as its distributions' are not.
double Uniform(uint64_t seed, uint32_t index) {
  std::seed_seq sequence = {static_cast<uint32_t>(seed), static_cast<uint32_t>(seed >> 32), index};
  std::mt19937_64 random(sequence);
  return static_cast<double>(random() >> 11) * 0x1p-53;
}

}  // namespace

int32_t ChooseToken(const std::vector<float>& logits, const Sampling& sampling, uint32_t index) {
  if (sampling.temperature == 0) return ArgMax(logits);
  std::vector<int32_t> ids(logits.size());
  std::iota(ids.begin(), ids.end(), 0);
  const auto logit = [&](int32_t id) { return double{logits[static_cast<size_t>(id)]}; };
  std::sort(ids.begin(), ids.end(),
            [&](int32_t a, int32_t b) { return std::pair(-logit(a), a) < std::pair(-logit(b), b); });
  if (sampling.top_k > 0) ids.resize(std::min<size_t>(ids.size(), sampling.top_k));
  std::vector<double> chances;
  double sum = 0;
  for (int32_t id : ids) sum += chances.emplace_back(std::exp((logit(id) - logit(ids.front())) / sampling.temperature));
  if (sampling.top_p > 0 && sampling.top_p < 1) {
    // Those before which less than top_p lies.
    double before = 0, kept = 0;
    size_t count = 0;
    while (count < chances.size() && before < sampling.top_p * sum) {
      before += chances[count++];
      kept = before;
    }
    chances.resize(count);
    sum = kept;
  }
  double left = Uniform(sampling.seed, index) * sum;
  for (size_t i = 0; i < chances.size(); ++i) {
    left -= chances[i];
    if (left < 0) return ids[i];
  }
  return ids[chances.size() - 1];
}

}  // namespace limpid::explain
