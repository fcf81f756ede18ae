#include "methods/lib/baseline.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "explain/removal.h"

namespace limpid::methods {
namespace {

using engine::AttachPoint;
using explain::FindStandIn;
using explain::Replacement;

absl::Status Refuse(const std::string& field, const std::string& problem) {
  return absl::InvalidArgumentError(absl::StrCat(field, ": ", problem));
}

// PAD where the vocabulary has it, else MASK, else ZERO.
Replacement DefaultOf(const text::StandIns& stand_ins) {
  if (stand_ins.pad >= 0) return Replacement::kPad;
  return stand_ins.mask >= 0 ? Replacement::kMask : Replacement::kZero;
}

absl::StatusOr<explain::StandIn> ResolveToken(v1::BaselineToken token, const text::StandIns& stand_ins,
                                              const std::string& field) {
  switch (token) {
    case v1::BASELINE_TOKEN_UNSPECIFIED:
      return FindStandIn(DefaultOf(stand_ins), stand_ins, field);
    case v1::BASELINE_TOKEN_PAD:
      return FindStandIn(Replacement::kPad, stand_ins, field);
    case v1::BASELINE_TOKEN_MASK:
      return FindStandIn(Replacement::kMask, stand_ins, field);
    case v1::BASELINE_TOKEN_UNKNOWN:
      return FindStandIn(Replacement::kUnknown, stand_ins, field);
    case v1::BASELINE_TOKEN_ZERO:
      return FindStandIn(Replacement::kZero, stand_ins, field);
    case v1::BASELINE_TOKEN_MEAN:
      return FindStandIn(Replacement::kMean, stand_ins, field);
    default:
      return Refuse(field, absl::StrCat("unknown value ", static_cast<int>(token)));
  }
}

// The tokens of `text` in place of those of the input, one by one; `filler` where it is too short.
absl::StatusOr<std::vector<int32_t>> IdsOfText(const std::string& text, int32_t filler,
                                               const explain::MethodInput& input, const std::string& field) {
  // Longer than the input is of no use; the tokenizer may add special tokens, which are passed over.
  auto encoding = input.tokenizer.Encode(text, std::nullopt, text::Truncation::kLongestFirst,
                                         static_cast<size_t>(input.model.max_tokens));
  if (!encoding.ok()) return Refuse(field, std::string(encoding.status().message()));
  std::vector<int32_t> words;
  for (const text::Token& token : encoding->tokens) {
    if (!token.is_special) words.push_back(token.id);
  }
  std::vector<int32_t> ids;
  size_t next = 0;
  for (const text::Token& token : input.encoding.tokens) {
    ids.push_back(token.is_special || next >= words.size() ? filler : words[next++]);
  }
  return ids;
}

absl::Status CheckIds(const std::vector<int32_t>& ids, const explain::MethodInput& input, const std::string& field) {
  if (ids.size() != input.num_tokens()) {
    return Refuse(field, absl::StrCat("has ", ids.size(), " ids for an input of ", input.num_tokens(), " tokens"));
  }
  for (size_t i = 0; i < ids.size(); ++i) {
    if (ids[i] >= 0 && ids[i] < input.model.vocab_size) continue;
    return Refuse(field, absl::StrCat("ids[", i, "] is ", ids[i], ", must be in [0, ", input.model.vocab_size, ")"));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<ResolvedBaseline> ResolveBaseline(const v1::Baseline& baseline, AttachPoint at,
                                                 const explain::MethodInput& input, const std::string& field) {
  const auto& alteration = input.base_row.alteration;
  if (alteration.has_value() && alteration->at != at) {
    return Refuse(field, "the input has noise at another attach point, and a row is altered at one only");
  }
  ABSL_ASSIGN_OR_RETURN(const explain::StandIn token,
                        ResolveToken(baseline.token(), input.tokenizer.stand_ins(), absl::StrCat(field, ".token")));
  std::string name = token.name;
  std::vector<int32_t> ids(input.num_tokens(), token.id);
  if (baseline.has_text()) {
    name = "TEXT";
    ABSL_ASSIGN_OR_RETURN(ids, IdsOfText(baseline.text(), token.id, input, absl::StrCat(field, ".text")));
  } else if (baseline.has_token_ids()) {
    name = "TOKEN_IDS";
    ids.assign(baseline.token_ids().ids().begin(), baseline.token_ids().ids().end());
    ABSL_RETURN_IF_ERROR(CheckIds(ids, input, absl::StrCat(field, ".token_ids")));
  }
  for (size_t t = 0; t < ids.size(); ++t) {
    if (input.encoding.tokens[t].is_special) ids[t] = input.base_row.token_ids[t];
  }
  const bool has_zero = std::find(ids.begin(), ids.end(), engine::Baseline::kZero) != ids.end();
  if (has_zero && at == AttachPoint::kEmbeddingSum) {
    return Refuse(field,
                  "ZERO is no baseline at EMBEDDING_SUM: the norm behind it sees no length, so F jumps there and the "
                  "integral has no value that could be trusted");
  }
  return ResolvedBaseline{
      .at = std::make_shared<const engine::Baseline>(engine::Baseline{.at = at, .ids = std::move(ids)}),
      .name = std::move(name)};
}

}  // namespace limpid::methods
