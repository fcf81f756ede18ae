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
#include "engine/pass/embeddings.h"
#include "engine/pass/head_tokens.h"
#include "engine/pass/layer.h"
#include "engine/pass/past.h"
#include "engine/pass/query_key.h"
#include "engine/pass/value_zeroing.h"

namespace limpid::engine {
namespace {

at::Tensor EmbeddingForward(const ModelWeights& weights, const PackedBatch& batch, SavedActivations* saved) {
  const auto alter = [&](AttachPoint at, at::Tensor* x) {
    AlterEmbeddings(weights, batch, at, x, &saved->noisy[static_cast<size_t>(at)]);
  };
  // 1. Sum of the tables.
  saved->word = at::embedding(weights.word_embeddings, batch.token_ids);
  alter(AttachPoint::kWordEmbedding, &saved->word);
  at::Tensor sum = EmbeddingSum(weights, saved->word, batch.type_ids, batch.positions);
  alter(AttachPoint::kEmbeddingSum, &sum);
  // The norm uses its input up, and the next alteration is made in place.
  if (batch.keeps_activations) saved->embedding_sum = sum.clone();
  // 2. Norm.
  saved->embedding_output =
      NormEmbeddings(weights, std::move(sum), batch.keeps_activations ? &saved->embedding_norm : nullptr);
  alter(AttachPoint::kEmbeddingOutput, &saved->embedding_output);
  // 3. Projection to the layers' width.
  return ProjectEmbeddings(weights, saved->embedding_output);
}

// Devices other than the CPU make maps again, all of a group at once.
bool KeepsForBackward(const PackedBatch& batch, int64_t row) {
  return batch.token_ids.is_cpu() && row < batch.num_backward && batch.length(row) <= kMaxKeptMapTokens &&
         batch.rows[static_cast<size_t>(row)]->past == nullptr;
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

// Whether nobody looks at the last layer's output but a head that reads one token of each row: then the layer is run
// for those alone.
bool NeedsHeadTokensOnly(const Architecture& architecture, const PackedBatch& batch) {
  if (!architecture.reads_one_token() || batch.keeps_activations) return false;
  const int64_t layers = architecture.num_hidden_layers;
  return std::ranges::none_of(batch.rows, [layers](const Row* row) {
    const Wanted& wanted = row->wanted;
    return wanted.head_mean_attention || wanted.value_zeroing ||
           (!wanted.attention_layers.empty() && wanted.attention_layers.back() == layers - 1) ||
           (!wanted.hidden_states.empty() && wanted.hidden_states.back() == layers) ||
           (row->replaced_hidden != nullptr && row->replaced_hidden->layer == layers);
  });
}

// What is the same for all layers of a pass.
struct PassInputs {
  const Architecture& architecture;
  const PackedBatch& batch;
  const PositionTerms terms;
};

// What a layer makes on its way.
struct LayerResult {
  at::Tensor qkv, context, output;
};

// Keys and values of the rows that go on from a past; empty where no row does.
std::vector<at::Tensor> AppendToPasts(const PackedBatch& batch, size_t layer, const at::Tensor& qkv) {
  std::vector<at::Tensor> key_values;
  for (int64_t r = 0; r < batch.size(); ++r) {
    const Row& row = *batch.rows[static_cast<size_t>(r)];
    if (row.past == nullptr) continue;
    key_values.resize(batch.rows.size());
    key_values[static_cast<size_t>(r)] =
        PastOf(row).Append(layer, row.past_length, qkv.narrow(0, batch.begin(r), batch.length(r)));
  }
  return key_values;
}

// `only_queries` as in AttentionShape.
LayerResult LayerForward(const PassInputs& pass, const LayerWeights& weights, std::span<const int64_t> only_queries,
                         size_t layer, const at::Tensor& hidden, SavedLayer* saved) {
  const PackedBatch& batch = pass.batch;
  SavedLayer* kept = batch.keeps_activations ? saved : nullptr;
  LayerResult result;
  // 1. Norm where it comes first; queries, keys, values in one product, and what is done with them.
  const at::Tensor input = BeforeAttention(pass.architecture, weights, hidden, kept);
  result.qkv = LinearForward(weights.qkv, input);
  QueryKeyForward(pass.architecture, weights, AnglesOf(pass.architecture, pass.terms, layer), &result.qkv, kept);
  // 2. Attention.
  const std::vector<at::Tensor> key_values = AppendToPasts(batch, layer, result.qkv);
  AttentionShape shape = AttentionShapeOf(pass.architecture, weights, pass.terms, layer, batch.cu_seqlens);
  shape.only_queries = only_queries;
  shape.key_values = key_values;
  result.context = AttentionForward(shape, result.qkv, KeepsProbs(batch, static_cast<int64_t>(layer)), &saved->probs);
  // 3. What follows.
  if (kept != nullptr) {
    saved->qkv = result.qkv;
    saved->context = result.context;
  }
  const at::Tensor residual =
      only_queries.empty() ? hidden : PickTokens(batch, {only_queries.begin(), only_queries.end()}, hidden);
  result.output =
      AfterAttention(pass.architecture, weights, RulesOf(batch.backward_rule), residual, result.context, kept);
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
      const int64_t width = architecture.num_key_value_heads * architecture.head_size;
      const at::Tensor value = own(result.qkv).narrow(1, result.qkv.size(1) - width, width);
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

SavedActivations Forward(const Architecture& architecture, const ModelWeights& weights, const PackedBatch& batch,
                         LayerTaps* taps, const std::function<void(size_t index, const SavedLayer&)>& on_layer) {
  SavedActivations saved;
  at::Tensor hidden = EmbeddingForward(weights, batch, &saved);
  AllocateTaps(architecture, batch, hidden.options(), &saved);
  const PassInputs pass = {architecture, batch, PositionTermsOf(architecture, weights, batch, batch.total_tokens())};
  const bool prunes = NeedsHeadTokensOnly(architecture, batch);
  const std::vector<int64_t> head_queries = prunes ? HeadQueries(architecture, batch) : std::vector<int64_t>();
  for (int64_t l = taps->first_layer(); l < architecture.num_hidden_layers; ++l) {
    const auto index = static_cast<size_t>(l);
    std::span<const int64_t> only_queries;
    if (l + 1 == architecture.num_hidden_layers) only_queries = head_queries;
    taps->OnHidden(l, &hidden);
    const LayerResult result =
        LayerForward(pass, weights.layers[index], only_queries, index, hidden, &saved.layers[index]);
    on_layer(index, saved.layers[index]);
    TapLayer(architecture, weights.layers[index], batch, l, hidden, result, &saved);
    hidden = result.output;
  }
  if (weights.final_norm.weight.defined()) {
    hidden = NormForward(weights.final_norm, hidden, batch.keeps_activations ? &saved.final_norm : nullptr);
  }
  if (prunes) {
    saved.head_tokens = std::move(hidden);
    return saved;
  }
  taps->OnHidden(architecture.num_hidden_layers, &hidden);
  saved.last_hidden_state = std::move(hidden);
  return saved;
}

}  // namespace limpid::engine
