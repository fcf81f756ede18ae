#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "explain/method.h"
#include "explain/removal.h"
#include "explain/request.h"
#include "limpid/v1/explain.pb.h"

namespace limpid::methods {

// What a search for edits may do, read. Semantics of limpid.v1.EditLimits.
struct EditLimits {
  uint32_t max_edits = 0;
  uint32_t max_rows = 0;
  uint32_t beam_width = 0;
  std::vector<explain::Span> keep;
};

// What a search for edits is asked.
struct EditOptions {
  EditLimits limits = {};
  uint32_t candidates = 0;  // a token and round
  bool words_only = false;
  bool has_substitutions = false, has_deletions = false;  // of tokens; of words
};

inline constexpr uint32_t kDefaultEdits = 6;
inline constexpr uint32_t kAllEdits = std::numeric_limits<uint32_t>::max();

// INVALID_ARGUMENT naming the option. `default_edits` where max_edits is not set.
absl::StatusOr<EditLimits> ReadEditLimits(const v1::EditLimits& limits, uint32_t default_edits);

absl::StatusOr<uint32_t> ReadCandidates(uint32_t candidates);

// INVALID_ARGUMENT: a span is not in its text, or the model or target makes no decision.
absl::Status CheckSearch(const EditLimits& limits, const explain::MethodInput& input);

// [T]: all but special tokens and those that share a byte with a span to keep.
std::vector<bool> ChangeableTokens(const EditLimits& limits, const explain::MethodInput& input);

// Words (tokens of which no word is known) that may be taken out: with changeable tokens only.
std::vector<explain::Unit> ChangeableWords(const EditLimits& limits, const explain::MethodInput& input);

// E.g. "beam 4".
std::string FormOf(const EditLimits& limits);

}  // namespace limpid::methods
