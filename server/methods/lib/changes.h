#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "engine/row.h"
#include "explain/event.h"
#include "explain/method.h"

namespace limpid::methods {

// Tokens [begin_token, end_token) of the input taken out, or one token replaced.
struct Change {
  static constexpr int32_t kTakenOut = -1;

  uint32_t begin_token = 0, end_token = 0;
  int32_t id = kTakenOut;  // what stands there instead

  friend auto operator<=>(const Change&, const Change&) = default;
};

// Of one input: in the order of its tokens, none of them touched twice.
using Changes = std::vector<Change>;

// Whether `change` touches none of the tokens that `changes` do.
bool AreApart(const Changes& changes, const Change& change);

// `change` must be apart from `changes`.
Changes With(Changes changes, const Change& change);

// Whether a row is left to run.
bool LeaveTokens(const Changes& changes, size_t num_tokens);

// `whole`, a row of the input's length, with the changes made.
engine::Row Changed(const explain::MethodInput& input, const Changes& changes, const engine::Row& whole);

// Of the changed row: which token of the input each of its tokens is, or stands in place of.
std::vector<uint32_t> OriginOfTokens(const Changes& changes, size_t num_tokens);

// The changes as the contract has them, with what the model then reads: `edits`, ids, and the texts with everything
// outside of the changes byte by byte as it was. A replacement is put into a text as text::AsText has it.
explain::Edits DescribeChanges(const explain::MethodInput& input, const Changes& changes);

}  // namespace limpid::methods
