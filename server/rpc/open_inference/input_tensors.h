#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "open_inference/grpc_predict_v2.pb.h"

namespace limpid::rpc {

// What a ModelInferRequest asks about: as many pairs as texts, or none.
struct InputTexts {
  std::vector<std::string> texts, pairs;
};

// From the input tensors `text` and `text_pair`, BYTES [n] with n in [1, max_texts]. All is valid UTF-8.
// INVALID_ARGUMENT naming the tensor, or the element as in "text[3]".
absl::StatusOr<InputTexts> ReadInputTexts(const inference::ModelInferRequest& request, size_t max_texts);

}  // namespace limpid::rpc
