#include "engine/pass/gradient_dots.h"

#include <ATen/TensorOperators.h>

#include "engine/pass/baseline.h"

namespace limpid::engine {

std::vector<std::vector<at::Tensor>> GradientDots(const ModelWeights& weights, const PackedBatch& batch,
                                                  const SavedActivations& saved,
                                                  const std::array<at::Tensor, kNumAttachPoints>& gradients) {
  std::vector<std::vector<at::Tensor>> dots(batch.rows.size());
  for (size_t r = 0; r < dots.size(); ++r) dots[r].resize(batch.rows[r]->wanted.gradient_dots.size());
  for (size_t point = 0; point < kNumAttachPoints; ++point) {
    // All rows at once: the operations are few however many rows there are.
    ReplacedTokens tokens;
    const auto for_each = [&](const auto& take) {
      for (size_t r = 0; r < dots.size(); ++r) {
        for (size_t i = 0; i < dots[r].size(); ++i) {
          const Baseline& baseline = *batch.rows[r]->wanted.gradient_dots[i];
          if (static_cast<size_t>(baseline.at) == point) take(r, baseline, &dots[r][i]);
        }
      }
    };
    for_each([&](size_t r, const Baseline& baseline, at::Tensor*) {
      tokens.Append(batch, static_cast<int64_t>(r), baseline);
    });
    if (tokens.places.empty()) continue;
    const at::Tensor places = IndexTensor(tokens.places, saved.word.device());
    const at::Tensor difference = saved.NoisyAt(static_cast<AttachPoint>(point)).index_select(0, places) -
                                  BaselineEmbeddings(weights, batch, static_cast<AttachPoint>(point), tokens);
    const at::Tensor sums = (difference * gradients[point].index_select(0, places)).sum(-1);
    int64_t begin = 0;
    for_each([&](size_t r, const Baseline&, at::Tensor* dot) {
      *dot = sums.narrow(0, begin, batch.length(static_cast<int64_t>(r)));
      begin += dot->size(0);
    });
  }
  return dots;
}

}  // namespace limpid::engine
