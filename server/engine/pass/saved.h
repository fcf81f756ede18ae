#pragma once

#include <ATen/core/TensorBody.h>

#include <array>
#include <vector>

#include "engine/ops/layer_norm.h"
#include "engine/row.h"

namespace limpid::engine {

// What the forward pass keeps of one layer: `probs` only, in a batch without a backward pass. A linear layer's input is
// not among it: weights get no gradient.
struct SavedLayer {
  at::Tensor qkv;                 // [total_tokens, 3 * hidden]
  std::vector<at::Tensor> probs;  // per row [heads, T, T]; undefined where neither backward pass nor result needs it
  at::Tensor context;             // O before the output projection, [total_tokens, hidden]
  LayerNormSaved attention_norm;
  at::Tensor mlp_derivative;  // of the activation, [total_tokens, intermediate]
  LayerNormSaved mlp_norm;
};

struct SavedActivations {
  at::Tensor word;           // word embeddings, [total_tokens, embedding]
  at::Tensor embedding_sum;  // word + position + segment, [total_tokens, embedding]; only with a backward
  LayerNormSaved embedding_norm;
  at::Tensor embedding_output;  // [total_tokens, embedding]
  std::vector<SavedLayer> layers;
  at::Tensor last_hidden_state;  // [total_tokens, hidden]; undefined where first_tokens are all that is needed of it
  at::Tensor first_tokens;       // of the last hidden state, [rows, hidden]; for a head that looks at no others
  // Per row that wants it, [layers, T, T]; undefined otherwise.
  std::vector<at::Tensor> head_mean_attention, value_zeroing;
  // Per attach point: the embeddings before baseline and alpha, where gradient_dots needs them and they differ.
  std::array<at::Tensor, kNumAttachPoints> noisy;

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
