#pragma once

#include <ATen/core/TensorBody.h>

#include <vector>

#include "engine/ops/layer_norm.h"

namespace limpid::engine {

// What the forward pass keeps of one layer. A linear layer's input is not among it: weights get no gradient.
struct SavedLayer {
  at::Tensor qkv;                 // [total_tokens, 3 * hidden]
  std::vector<at::Tensor> probs;  // per row [heads, T, T]
  at::Tensor context;             // O before the output projection, [total_tokens, hidden]
  LayerNormSaved attention_norm;
  at::Tensor mlp_derivative;  // of the activation, [total_tokens, intermediate]; undefined without a backward
  LayerNormSaved mlp_norm;
};

struct SavedActivations {
  at::Tensor word;           // word embeddings, [total_tokens, hidden]
  at::Tensor embedding_sum;  // word + position + segment, [total_tokens, hidden]; only with a backward
  LayerNormSaved embedding_norm;
  at::Tensor embedding_output;  // [total_tokens, hidden]
  std::vector<SavedLayer> layers;
  at::Tensor last_hidden_state;  // [total_tokens, hidden]
};

}  // namespace limpid::engine
