#pragma once

#include <ATen/core/TensorBody.h>

#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "engine/models/architecture.h"
#include "engine/ops/layer_norm.h"
#include "engine/ops/linear.h"
#include "engine/weights/safetensors.h"

namespace limpid::engine {

struct LayerWeights {
  LinearWeights qkv;               // query, key, value stacked: [3 * hidden, hidden]
  LinearWeights attention_output;  // [hidden, hidden]
  LayerNormWeights attention_norm;
  LinearWeights mlp_up;    // [intermediate, hidden]
  LinearWeights mlp_down;  // [hidden, intermediate]
  LayerNormWeights mlp_norm;
};

// All weights of an encoder, fp32, on one device. Immutable; shares no memory with the file.
struct EncoderWeights {
  at::Tensor word_embeddings;        // [vocab_size, embedding]
  at::Tensor mean_word_embedding;    // [embedding]
  at::Tensor position_embeddings;    // [max_tokens, embedding]: the first token's first
  at::Tensor token_type_embeddings;  // [type_vocab_size, embedding]; undefined where there are none
  LayerNormWeights embedding_norm;
  LinearWeights embedding_projection;  // [hidden, embedding]; undefined where there is none
  std::vector<LayerWeights> layers;    // may share their tensors
  // Head::kClassifier only.
  LinearWeights head_dense;  // [hidden, hidden]
  LinearWeights classifier;  // [classes, hidden]
  int64_t num_parameters = 0;
};

// INVALID_ARGUMENT naming the tensor if one is missing or has another shape than the architecture asks for.
absl::StatusOr<EncoderWeights> LoadEncoderWeights(const Architecture& architecture,
                                                  std::shared_ptr<const SafetensorsFile> file, at::Device device);

}  // namespace limpid::engine
