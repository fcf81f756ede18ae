#include "methods/lib/edit_limits.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "explain/units.h"
#include "methods/lib/decision.h"
#include "methods/lib/options.h"

namespace limpid::methods {
namespace {

bool IsKept(const text::Token& token, const std::vector<explain::Span>& keep) {
  return std::ranges::any_of(keep, [&](const explain::Span& span) {
    return token.sequence == span.sequence && token.begin_byte < span.end_byte && span.begin_byte < token.end_byte;
  });
}

}  // namespace

absl::StatusOr<EditLimits> ReadEditLimits(const v1::EditLimits& limits, uint32_t default_edits) {
  EditLimits read;
  ABSL_ASSIGN_OR_RETURN(read.max_edits, ReadCount(limits.max_edits(), default_edits, 1, 64, "limits.max_edits"));
  ABSL_ASSIGN_OR_RETURN(read.max_rows, ReadCount(limits.max_rows(), 512, 1, 8192, "limits.max_rows"));
  ABSL_ASSIGN_OR_RETURN(read.beam_width, ReadCount(limits.beam_width(), 4, 1, 32, "limits.beam_width"));
  ABSL_ASSIGN_OR_RETURN(read.keep, ReadSpans(limits.keep(), "limits.keep"));
  return read;
}

absl::StatusOr<uint32_t> ReadCandidates(uint32_t candidates) { return ReadCount(candidates, 8, 1, 64, "candidates"); }

absl::Status CheckSearch(const EditLimits& limits, const explain::MethodInput& input) {
  ABSL_RETURN_IF_ERROR(Decision::Check(input));
  return explain::CheckSpans(limits.keep, input.request.input, "limits.keep");
}

std::vector<bool> ChangeableTokens(const EditLimits& limits, const explain::MethodInput& input) {
  std::vector<bool> marks;
  for (const text::Token& token : input.encoding.tokens)
    marks.push_back(!token.is_special && !IsKept(token, limits.keep));
  return marks;
}

std::vector<explain::Unit> ChangeableWords(const EditLimits& limits, const explain::MethodInput& input) {
  const std::vector<bool> may_change = ChangeableTokens(limits, input);
  std::vector<explain::Unit> words = explain::RemovableUnits(input, explain::Granularity::kWord);
  std::erase_if(words, [&](const explain::Unit& word) {
    const auto begin = may_change.begin() + word.begin_token, end = may_change.begin() + word.end_token;
    return std::find(begin, end, false) != end;
  });
  return words;
}

std::string FormOf(const EditLimits& limits) { return absl::StrCat("beam ", limits.beam_width); }

}  // namespace limpid::methods
