#pragma once

#include <ATen/core/TensorBody.h>

#include <array>
#include <vector>

#include "engine/ops/norm.h"
#include "engine/row.h"

namespace limpid::engine {

// What the forward pass keeps of one layer: `probs` only, in a batch without a backward pass. A linear layer's input is
// not among it: weights get no gradient.
struct SavedLayer {
  at::Tensor qkv;                  // as attention reads it, [total_tokens, query_key_value_size]
  NormSaved query_norm, key_norm;  // a row a token: [total_tokens, heads * head_size], [total_tokens, heads]
  std::vector<at::Tensor> probs;   // per row [heads, T, T]; undefined where neither backward pass nor result needs it
  at::Tensor context;              // O before the output projection, [total_tokens, attention_size]
  NormSaved attention_norm;
  at::Tensor mlp_derivative;  // of the activation, [total_tokens, intermediate], twice as wide with a gate
  NormSaved mlp_norm;
};

struct SavedActivations {
  at::Tensor word;           // word embeddings, [total_tokens, embedding]
  at::Tensor embedding_sum;  // word + position + segment, [total_tokens, embedding]; only with a backward
  NormSaved embedding_norm;
  at::Tensor embedding_output;  // [total_tokens, embedding]
  std::vector<SavedLayer> layers;
  NormSaved final_norm;
  at::Tensor
      last_hidden_state;   // [total_tokens, hidden]; undefined where the head's tokens are all that is needed of it
  at::Tensor head_tokens;  // those, [rows, hidden]; undefined where there are all
  // Per row that wants it, [layers, T, T]; undefined otherwise.
  std::vector<at::Tensor> head_mean_attention, value_zeroing;
  // Per attach point: the embeddings before baseline and alpha, where gradient_dots needs them and they differ.
  std::array<at::Tensor, kNumAttachPoints> noisy;

  // Calls take(tensor) for each tensor of a row a token.
  template <typename Take>
  void ForEachPacked(const Take& take) {
    const auto take_norm = [&](NormSaved* norm) {
      take(&norm->normalized);
      take(&norm->rstd);
    };
    for (at::Tensor* packed : {&word, &embedding_sum, &embedding_output, &noisy[0], &noisy[1], &noisy[2]}) take(packed);
    take_norm(&embedding_norm);
    for (SavedLayer& layer : layers) {
      for (at::Tensor* packed : {&layer.qkv, &layer.context, &layer.mlp_derivative}) take(packed);
      for (NormSaved* norm : {&layer.query_norm, &layer.key_norm, &layer.attention_norm, &layer.mlp_norm})
        take_norm(norm);
    }
    take_norm(&final_norm);
    take(&last_hidden_state);
  }

  // As they went on, alteration and all. [total_tokens, embedding]
  const at::Tensor& EmbeddingsAt(AttachPoint at) const {
    return at == AttachPoint::kWordEmbedding  ? word
           : at == AttachPoint::kEmbeddingSum ? embedding_sum
                                              : embedding_output;
  }
  const at::Tensor& NoisyAt(AttachPoint at) const {
    const at::Tensor& before = noisy[static_cast<size_t>(at)];
    return before.defined() ? before : EmbeddingsAt(at);
  }
};

}  // namespace limpid::engine
