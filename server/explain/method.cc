#include "explain/method.h"

#include "absl/strings/str_cat.h"

namespace limpid::explain {

engine::Row FrozenRow(const MethodInput& input, const engine::Prediction& base) {
  engine::Row row = input.base_row;
  row.wanted = {};
  row.target.class_index = base.class_index;
  row.target.foil_index = base.foil_index;
  if (input.model.task == engine::ModelCard::Task::kTokenClassification) row.target.position = base.target_tokens.begin;
  if (row.target.kind == engine::Target::Kind::kAnswer) row.target.answer = base.target_tokens;
  row.target.candidates = nullptr;
  return row;
}

uint32_t QueryToken(uint32_t asked, const MethodInput& input, const engine::Prediction& base) {
  if (asked > 0) return asked;
  if (base.target_tokens.end > 0) return static_cast<uint32_t>(base.target_tokens.begin);
  const int32_t position = input.base_row.target.position;
  if (position >= 0) return static_cast<uint32_t>(position);
  return input.model.is_causal ? static_cast<uint32_t>(input.num_tokens() - 1) : 0;
}

absl::Status CheckQueryToken(uint32_t query_token, const MethodInput& input) {
  const size_t num_tokens = input.encoding.tokens.size();
  if (query_token < num_tokens) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("query_token: is ", query_token, ", the input has tokens 0 to ", num_tokens - 1));
}

}  // namespace limpid::explain
