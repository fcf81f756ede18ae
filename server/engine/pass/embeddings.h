#pragma once

#include <ATen/core/TensorBody.h>

#include "engine/pass/model_weights.h"

namespace limpid::engine {

// word + token type + position, in this order wherever it is added up, so that a token in its own place gives the same
// bits. word [tokens, embedding], of ids [tokens] each -> [tokens, embedding].
at::Tensor EmbeddingSum(const ModelWeights& weights, const at::Tensor& word, const at::Tensor& type_ids,
                        const at::Tensor& positions);

// The embedding module's output [tokens, embedding] from that sum, which is used up: its norm, or where the model has
// none itself. `saved` may be null: nothing is kept.
at::Tensor NormEmbeddings(const ModelWeights& weights, at::Tensor sum, NormSaved* saved);

// What the first layer reads, [tokens, hidden], from the embedding module's output [tokens, embedding]: its projection,
// or where the model has none itself.
at::Tensor ProjectEmbeddings(const ModelWeights& weights, const at::Tensor& output);
// dF/doutput from dF/dhidden.
at::Tensor ProjectEmbeddingsVjp(const ModelWeights& weights, const at::Tensor& grad_hidden);

}  // namespace limpid::engine
