#pragma once

#include <ATen/core/TensorBody.h>

#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "engine/models/architecture.h"
#include "engine/ops/linear.h"
#include "engine/ops/norm.h"
#include "engine/weights/checkpoint.h"

namespace limpid::engine {

struct LayerWeights {
  LinearWeights qkv;                 // query, key, value stacked: [(heads + 2 * key_value_heads) * head_size, hidden]
  NormWeights query_norm, key_norm;  // [head_size]; undefined where there are none
  at::Tensor position_keys, position_queries;  // as in DisentangledBias; undefined where there are none
  LinearWeights attention_output;              // [hidden, heads * head_size]
  NormWeights attention_norm;
  LinearWeights mlp_up;    // [intermediate, hidden]; with a gate [2 * intermediate, hidden], the gate's rows first
  LinearWeights mlp_down;  // [hidden, intermediate]
  NormWeights mlp_norm;
};

// All weights of a model, fp32, on one device. Immutable.
struct ModelWeights {
  at::Tensor word_embeddings;        // [vocab_size, embedding]
  at::Tensor mean_word_embedding;    // [embedding]
  at::Tensor position_embeddings;    // [max_tokens, embedding]: the first token's first; undefined where there are none
  at::Tensor token_type_embeddings;  // [type_vocab_size, embedding]; undefined where there are none
  NormWeights embedding_norm;        // undefined where there is none
  // [heads, 2 * max_tokens - 1]: added to a score, by the key's position less the query's, the least one first;
  // undefined where there is none.
  at::Tensor relative_bias;
  at::Tensor relative_rows;            // of DisentangledBias; undefined where attention is not disentangled
  LinearWeights embedding_projection;  // [hidden, embedding]; undefined where there is none
  std::vector<LayerWeights> layers;    // may share their tensors
  NormWeights final_norm;              // undefined where there is none
  // Undefined with Head::kNone.
  LinearWeights head_dense;  // [classifier_size, hidden]; undefined where the classifier reads the token itself
  NormWeights head_norm;     // undefined where there is none
  LinearWeights classifier;  // [classes, classifier_size]
  int64_t num_parameters = 0;
};

// INVALID_ARGUMENT naming the tensor if one is missing or has another shape than the architecture asks for.
absl::StatusOr<ModelWeights> LoadModelWeights(const Architecture& architecture, std::shared_ptr<const Checkpoint> file,
                                              at::Device device);

}  // namespace limpid::engine
