#include "engine/pass/forward.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/embedding.h>
#include <ATen/ops/empty.h>

#include <algorithm>
#include <span>
#include <utility>
#include <vector>

#include "engine/ops/attention.h"
#include "engine/pass/alteration.h"
#include "engine/pass/baseline.h"
#include "engine/pass/embeddings.h"
#include "engine/pass/layer.h"
#include "engine/pass/value_zeroing.h"

namespace limpid::engine {
namespace {

at::Tensor EmbeddingForward(const EncoderWeights& weights, const PackedBatch& batch, SavedActivations* saved) {
  const auto alter = [&](AttachPoint at, at::Tensor* x) {
    AlterEmbeddings(weights, batch, at, x, &saved->noisy[static_cast<size_t>(at)]);
  };
  // 1. Sum of the tables.
  saved->word = at::embedding(weights.word_embeddings, batch.token_ids);
  alter(AttachPoint::kWordEmbedding, &saved->word);
  at::Tensor sum = EmbeddingSum(weights, saved->word, batch.type_ids, batch.positions);
  alter(AttachPoint::kEmbeddingSum, &sum);
  // The norm uses its input up.
  if (batch.num_backward > 0) saved->embedding_sum = sum.clone();
  // 2. Norm.
  saved->embedding_output = AddLayerNormForward(weights.embedding_norm, {}, std::move(sum),
                                                batch.num_backward > 0 ? &saved->embedding_norm : nullptr);
  alter(AttachPoint::kEmbeddingOutput, &saved->embedding_output);
  // 3. Projection to the layers' width.
  return ProjectEmbeddings(weights, saved->embedding_output);
}

bool KeepsForBackward(const PackedBatch& batch, int64_t row) {
  return row < batch.num_backward && batch.length(row) <= kMaxKeptMapTokens;
}

// Per row: whether its attention in this layer is kept, for somebody who wants it or for the backward pass.
std::vector<uint8_t> KeepsProbs(const PackedBatch& batch, int64_t layer) {
  std::vector<uint8_t> keeps(batch.rows.size());
  for (size_t r = 0; r < keeps.size(); ++r) {
    const Wanted& wanted = batch.rows[r]->wanted;
    const auto row = static_cast<int64_t>(r);
    keeps[r] = KeepsForBackward(batch, row) || wanted.head_mean_attention || wanted.value_zeroing ||
               std::ranges::binary_search(wanted.attention_layers, static_cast<int32_t>(layer));
  }
  return keeps;
}

at::Tensor FirstTokens(const PackedBatch& batch, const at::Tensor& packed) {
  std::vector<int64_t> places(batch.cu_seqlens.begin(), batch.cu_seqlens.end() - 1);
  return packed.index_select(0, IndexTensor(std::move(places), packed.device()));
}

// Whether nobody looks at the last layer's output but a head that reads each row's first token: then the layer is run
// for those alone.
bool NeedsFirstTokensOnly(const Architecture& architecture, const PackedBatch& batch) {
  if (architecture.head != Head::kClassifier || batch.num_backward > 0) return false;
  const int64_t layers = architecture.num_hidden_layers;
  return std::ranges::none_of(batch.rows, [layers](const Row* row) {
    const Wanted& wanted = row->wanted;
    return wanted.head_mean_attention || wanted.value_zeroing ||
           (!wanted.attention_layers.empty() && wanted.attention_layers.back() == layers - 1) ||
           (!wanted.hidden_states.empty() && wanted.hidden_states.back() == layers) ||
           (row->replaced_hidden != nullptr && row->replaced_hidden->layer == layers);
  });
}

// What a layer makes on its way.
struct LayerResult {
  at::Tensor qkv, context, output;
};

LayerResult LayerForward(const Architecture& architecture, const LayerWeights& weights, const PackedBatch& batch,
                         bool first_tokens_only, int64_t layer, const at::Tensor& hidden, SavedLayer* saved) {
  LayerResult result;
  // 1. Queries, keys, values in one product.
  result.qkv = LinearForward(weights.qkv, hidden);
  // 2. Attention.
  const AttentionShape shape = {batch.cu_seqlens, architecture.num_attention_heads, first_tokens_only};
  result.context = AttentionForward(shape, result.qkv, KeepsProbs(batch, layer), &saved->probs);
  // 3. to 5.
  const bool keeps = batch.num_backward > 0;
  if (keeps) {
    saved->qkv = result.qkv;
    saved->context = result.context;
  }
  result.output =
      AfterAttention(architecture, weights, RulesOf(batch.backward_rule),
                     first_tokens_only ? FirstTokens(batch, hidden) : hidden, result.context, keeps ? saved : nullptr);
  return result;
}

// What rows want of this layer beside its maps; then lets go of those that nobody needs any more.
void TapLayer(const Architecture& architecture, const LayerWeights& weights, const PackedBatch& batch, int64_t layer,
              const at::Tensor& input, const LayerResult& result, SavedActivations* saved) {
  std::vector<at::Tensor>& probs = saved->layers[static_cast<size_t>(layer)].probs;
  for (int64_t r = 0; r < batch.size(); ++r) {
    const auto index = static_cast<size_t>(r);
    const auto own = [&](const at::Tensor& packed) { return packed.narrow(0, batch.begin(r), batch.length(r)); };
    const Wanted& wanted = batch.rows[index]->wanted;
    if (wanted.head_mean_attention) saved->head_mean_attention[index][layer].copy_(probs[index].mean(0));
    if (wanted.value_zeroing) {
      const at::Tensor value = own(result.qkv).narrow(1, 2 * input.size(1), input.size(1));
      const LayerOfRow row = {own(input), value, probs[index], own(result.context), own(result.output)};
      saved->value_zeroing[index][layer].copy_(ValueZeroing(architecture, weights, row));
    }
    const bool is_result = std::ranges::binary_search(wanted.attention_layers, static_cast<int32_t>(layer));
    if (!KeepsForBackward(batch, r) && !is_result) probs[index].reset();
  }
}

void AllocateTaps(const Architecture& architecture, const PackedBatch& batch, const at::TensorOptions& options,
                  SavedActivations* saved) {
  saved->layers.resize(static_cast<size_t>(architecture.num_hidden_layers));
  for (int64_t r = 0; r < batch.size(); ++r) {
    const Wanted& wanted = batch.rows[static_cast<size_t>(r)]->wanted;
    const auto maps = [&](bool is_wanted) {
      if (!is_wanted) return at::Tensor();
      return at::empty({architecture.num_hidden_layers, batch.length(r), batch.length(r)}, options);
    };
    saved->head_mean_attention.push_back(maps(wanted.head_mean_attention));
    saved->value_zeroing.push_back(maps(wanted.value_zeroing));
  }
}

}  // namespace

SavedActivations Forward(const Architecture& architecture, const EncoderWeights& weights, const PackedBatch& batch,
                         LayerTaps* taps, const std::function<void(size_t index, const SavedLayer&)>& on_layer) {
  SavedActivations saved;
  at::Tensor hidden = EmbeddingForward(weights, batch, &saved);
  AllocateTaps(architecture, batch, hidden.options(), &saved);
  const bool prunes = NeedsFirstTokensOnly(architecture, batch);
  for (int64_t l = taps->first_layer(); l < architecture.num_hidden_layers; ++l) {
    const auto index = static_cast<size_t>(l);
    const bool first_tokens_only = prunes && l + 1 == architecture.num_hidden_layers;
    taps->OnHidden(l, &hidden);
    const LayerResult result =
        LayerForward(architecture, weights.layers[index], batch, first_tokens_only, l, hidden, &saved.layers[index]);
    on_layer(index, saved.layers[index]);
    TapLayer(architecture, weights.layers[index], batch, l, hidden, result, &saved);
    hidden = result.output;
  }
  if (prunes) {
    saved.first_tokens = std::move(hidden);
    return saved;
  }
  taps->OnHidden(architecture.num_hidden_layers, &hidden);
  if (architecture.head == Head::kClassifier) saved.first_tokens = FirstTokens(batch, hidden);
  saved.last_hidden_state = std::move(hidden);
  return saved;
}

}  // namespace limpid::engine
