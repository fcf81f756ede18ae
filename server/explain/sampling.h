#pragma once

#include <cstdint>
#include <vector>

#include "explain/request.h"

namespace limpid::explain {

// The next token by a language model's logits [vocab_size]: the best one, or drawn as `sampling` says: temperature,
// then top_k, then top_p (Holtzman et al. 2020), in the order of Transformers. Depends on nothing but its arguments;
// `index` is the token's in the generated text.
int32_t ChooseToken(const std::vector<float>& logits, const Sampling& sampling, uint32_t index);

}  // namespace limpid::explain
