#include "engine/pass/alteration.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/from_blob.h>

#include <utility>
#include <vector>

#include "engine/pass/baseline.h"
#include "engine/pass/noise.h"

namespace limpid::engine {
namespace {

// Noise is made on the host: the same numbers on every device.
void AddNoiseToRow(const Row& row, at::Tensor x) {
  at::Tensor host = x.to(at::kCPU);
  AddNoise(*row.alteration->noise, row.positions, host.size(0), host.size(1), host.data_ptr<float>());
  if (!x.is_cpu()) x.copy_(host);
}

void AppendAlpha(const Alteration& alteration, int64_t length, std::vector<float>* alpha) {
  for (int64_t t = 0; t < length; ++t) {
    alpha->push_back(alteration.alpha[alteration.alpha.size() == 1 ? 0 : static_cast<size_t>(t)]);
  }
}

}  // namespace

void AlterEmbeddings(const ModelWeights& weights, const PackedBatch& batch, AttachPoint at, at::Tensor* x,
                     at::Tensor* noisy) {
  ReplacedTokens moved;
  std::vector<float> alphas;
  bool keeps_noisy = false;
  for (int64_t r = 0; r < batch.size(); ++r) {
    const Row& row = *batch.rows[static_cast<size_t>(r)];
    if (!row.alteration.has_value() || row.alteration->at != at) continue;
    if (row.alteration->noise.has_value()) {
      AddNoiseToRow(row, x->narrow(0, batch.begin(r), batch.length(r)));
    }
    if (row.alteration->baseline == nullptr) continue;
    moved.Append(batch, r, *row.alteration->baseline);
    AppendAlpha(*row.alteration, batch.length(r), &alphas);
    keeps_noisy = keeps_noisy || !row.wanted.gradient_dots.empty();
  }
  if (moved.places.empty()) return;
  if (keeps_noisy) *noisy = x->clone();
  const at::Tensor places = IndexTensor(moved.places, x->device());
  at::Tensor difference = x->index_select(0, places);
  const at::Tensor b = BaselineEmbeddings(weights, batch, at, moved);
  const at::Tensor alpha = at::from_blob(alphas.data(), {difference.size(0), 1}).to(x->device());
  x->index_copy_(0, places, difference.sub_(b).mul_(alpha).add_(b));
}

}  // namespace limpid::engine
