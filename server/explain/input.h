#pragma once

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "explain/explainer.h"
#include "explain/request.h"
#include "text/tokenizer.h"

namespace limpid::explain {

// What can be refused without tokenizing: INVALID_ARGUMENT naming the field and the limit.
absl::Status CheckInput(const Input& input, const Limits& limits);
// The text of a similarity target is under the same limits as the input's.
absl::Status CheckSimilarityText(const std::string& text, const Limits& limits);

// The tokens as the model will read them; at least one. Takes as long as the text is long. INVALID_ARGUMENT.
absl::StatusOr<text::Encoding> EncodeInput(const Model& model, const Input& input);
// Shortened by the policy of `input`.
absl::StatusOr<text::Encoding> EncodeSimilarityText(const Model& model, const std::string& text, const Input& input);

// Of a completion, under the limits of an input.
absl::Status CheckCompletion(const Input& completion, const Limits& limits);
// Its ids: a text's without special tokens; at least one. INVALID_ARGUMENT.
absl::StatusOr<std::vector<int32_t>> CompletionIds(const Model& model, const Input& completion);

// The row that runs these tokens; target and wants are left to the caller.
engine::Row RowOfTokens(const text::Encoding& encoding);

}  // namespace limpid::explain
