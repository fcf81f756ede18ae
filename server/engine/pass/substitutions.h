#pragma once

#include <ATen/core/TensorBody.h>

#include <vector>

#include "engine/pass/model_weights.h"
#include "engine/pass/packed_batch.h"
#include "engine/row.h"

namespace limpid::engine {

// Wanted::substitutions of every row: the estimates of all words for all tokens searched are one product
// [tokens, embedding] x [embedding, vocab_size], taken in blocks of the vocabulary of which only the best are kept.
// word [total_tokens, embedding]; grad_word [backward_tokens, embedding], dF/dword.
std::vector<std::vector<Substitutions>> FindSubstitutions(const ModelWeights& weights, const PackedBatch& batch,
                                                          const at::Tensor& word, const at::Tensor& grad_word);

// Words of one block.
inline constexpr int64_t kSubstitutionBlock = 1024;

}  // namespace limpid::engine
