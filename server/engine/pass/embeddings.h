#pragma once

#include <ATen/core/TensorBody.h>

#include "engine/pass/encoder_weights.h"

namespace limpid::engine {

// word + token type + position, in this order wherever it is added up, so that a token in its own place gives the same
// bits. word [tokens, hidden], of ids [tokens] each -> [tokens, hidden].
at::Tensor EmbeddingSum(const EncoderWeights& weights, const at::Tensor& word, const at::Tensor& type_ids,
                        const at::Tensor& positions);

}  // namespace limpid::engine
