#pragma once

#include <string>
#include <vector>

#include "lib/sanity/stored_weights.h"

namespace limpid::client {

// Tensors that are shuffled together.
struct ShuffleStage {
  std::string name;  // "head", "L<layer>" or "embeddings"
  std::vector<StoredTensor> tensors;
};

// `tensors` by their names, from the top of the model down: head, last layer, ..., first layer, embeddings; a stage
// without tensors is left out. The first part of a name that is a number says the layer; without one it is part of the
// embeddings if "embed" is in it, else of the head. Where the model's output takes no head (`has_head` false), what
// stands above the layers (a last norm, a pooler that is not asked) is shuffled with the last of them.
std::vector<ShuffleStage> ShuffleStages(const std::vector<StoredTensor>& tensors, bool has_head);

}  // namespace limpid::client
