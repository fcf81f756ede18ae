#pragma once

#include <ATen/core/TensorBody.h>

#include "engine/pass/model_weights.h"
#include "engine/pass/packed_batch.h"
#include "engine/row.h"

namespace limpid::engine {

// Alters the embeddings `x` [total_tokens, embedding] at the attach point, in place, where rows want it; the others'
// are not touched. `noisy` receives x as it was before baseline and alpha, if a gradient_dots will ask for it; it stays
// undefined where that is x itself.
void AlterEmbeddings(const ModelWeights& weights, const PackedBatch& batch, AttachPoint at, at::Tensor* x,
                     at::Tensor* noisy);

}  // namespace limpid::engine
