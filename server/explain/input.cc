#include "explain/input.h"

#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/reason.h"
#include "base/status_macros.h"
#include "explain/refusals.h"

namespace limpid::explain {
namespace {

absl::Status CheckText(const char* field, const std::string& text, const Limits& limits) {
  if (text.empty()) return absl::InvalidArgumentError(absl::StrCat(field, ": must not be empty"));
  if (text.size() <= limits.max_text_bytes) return absl::OkStatus();
  return TooLarge(absl::StrCat(field, ": has ", text.size(), " bytes, at most ", limits.max_text_bytes, " are allowed"),
                  limits.max_text_bytes, text.size());
}

absl::Status CheckTypeIds(const Input& input) {
  if (input.type_ids.empty() || input.type_ids.size() == input.token_ids->size()) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat("input.token_ids.type_ids: has ", input.type_ids.size(),
                                                 " entries for ", input.token_ids->size(), " ids"));
}

// The tokenizer does not know how the request calls its fields.
absl::StatusOr<text::Encoding> Named(const char* field, absl::StatusOr<text::Encoding> encoding) {
  if (!encoding.ok()) {
    return base::Annotate(encoding.status(), absl::StrCat(field, ": "));
  }
  if (encoding->tokens.empty()) {
    return absl::InvalidArgumentError(absl::StrCat(field, ": the tokenizer finds no token in it"));
  }
  return encoding;
}

size_t MaxTokens(const Model& model) { return static_cast<size_t>(model.engine->card().max_tokens); }

// A tokenizer knows two segments, also where the model does not.
absl::StatusOr<text::Encoding> EncodeText(const Model& model, const char* field, const std::string& text,
                                          const std::optional<std::string>& pair, text::Truncation truncation) {
  ABSL_ASSIGN_OR_RETURN(text::Encoding encoding,
                        Named(field, model.tokenizer->Encode(text, pair, truncation, MaxTokens(model))));
  if (model.engine->card().type_vocab_size == 0) {
    for (text::Token& token : encoding.tokens) token.type_id = 0;
  }
  return encoding;
}

absl::StatusOr<text::Encoding> EncodeIds(const Model& model, const Input& input) {
  const std::vector<int32_t>& ids = *input.token_ids;
  if (ids.size() > MaxTokens(model)) {
    return TooLarge(
        absl::StrCat("input.token_ids.ids: has ", ids.size(), " ids, the model takes at most ", MaxTokens(model)),
        MaxTokens(model), ids.size());
  }
  ABSL_ASSIGN_OR_RETURN(text::Encoding encoding, Named("input.token_ids", model.tokenizer->FromIds(ids)));
  for (size_t i = 0; i < input.type_ids.size(); ++i) encoding.tokens[i].type_id = input.type_ids[i];
  return encoding;
}

}  // namespace

absl::Status CheckInput(const Input& input, const Limits& limits) {
  if (input.token_ids.has_value()) {
    if (input.token_ids->empty()) return absl::InvalidArgumentError("input.token_ids.ids: must not be empty");
    return CheckTypeIds(input);
  }
  ABSL_RETURN_IF_ERROR(CheckText("input.text", input.text, limits));
  return input.text_pair.has_value() ? CheckText("input.text_pair", *input.text_pair, limits) : absl::OkStatus();
}

absl::Status CheckSimilarityText(const std::string& text, const Limits& limits) {
  return CheckText("target.similarity.text", text, limits);
}

absl::StatusOr<text::Encoding> EncodeInput(const Model& model, const Input& input) {
  if (input.token_ids.has_value()) return EncodeIds(model, input);
  return EncodeText(model, "input", input.text, input.text_pair, input.truncation);
}

absl::StatusOr<text::Encoding> EncodeSimilarityText(const Model& model, const std::string& text, const Input& input) {
  // With one text, every policy that shortens shortens that text.
  const auto truncation =
      input.truncation == text::Truncation::kError ? text::Truncation::kError : text::Truncation::kLongestFirst;
  return EncodeText(model, "target.similarity", text, std::nullopt, truncation);
}

absl::Status CheckCompletion(const Input& completion, const Limits& limits) {
  if (!completion.token_ids.has_value()) return CheckText("completion.text", completion.text, limits);
  if (!completion.token_ids->empty()) return absl::OkStatus();
  return absl::InvalidArgumentError("completion.token_ids.ids: must not be empty");
}

absl::StatusOr<std::vector<int32_t>> CompletionIds(const Model& model, const Input& completion) {
  text::Encoding encoding;
  if (completion.token_ids.has_value()) {
    ABSL_ASSIGN_OR_RETURN(encoding, Named("completion.token_ids", model.tokenizer->FromIds(*completion.token_ids)));
  } else {
    ABSL_ASSIGN_OR_RETURN(encoding,
                          EncodeText(model, "completion", completion.text, std::nullopt, text::Truncation::kError));
    std::erase_if(encoding.tokens, [](const text::Token& token) { return token.is_special; });
  }
  std::vector<int32_t> ids;
  for (const text::Token& token : encoding.tokens) ids.push_back(token.id);
  if (ids.empty()) return absl::InvalidArgumentError("completion: the tokenizer finds no token in it");
  return ids;
}

engine::Row RowOfTokens(const text::Encoding& encoding) {
  engine::Row row;
  for (const text::Token& token : encoding.tokens) {
    row.token_ids.push_back(token.id);
    row.type_ids.push_back(token.type_id);
  }
  return row;
}

}  // namespace limpid::explain
