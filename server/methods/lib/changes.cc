#include "methods/lib/changes.h"

#include <algorithm>
#include <string>
#include <utility>

#include "explain/removal.h"

namespace limpid::methods {
namespace {

using explain::Edit;
using explain::MethodInput;
using explain::Unit;

// From the first of its tokens to the last.
Unit UnitOf(const Change& change, const MethodInput& input) {
  const text::Token& first = input.encoding.tokens[change.begin_token];
  const text::Token& last = input.encoding.tokens[change.end_token - 1];
  return {.begin_token = change.begin_token,
          .end_token = change.end_token,
          .sequence = first.sequence,
          .is_special = first.is_special,
          .begin_byte = first.begin_byte,
          .end_byte = last.end_byte,
          .begin_char = first.begin_char,
          .end_char = last.end_char};
}

std::string SpellingOf(int32_t id, const MethodInput& input) {
  const absl::StatusOr<text::Encoding> known = input.tokenizer.FromIds({id});
  return known.ok() ? known->tokens.front().text : std::string();
}

std::string EditedText(const std::string& text, const std::vector<Edit>& edits, int32_t sequence,
                       text::Spelling spelling) {
  std::string edited;
  size_t copied = 0;
  for (const Edit& edit : edits) {
    if (edit.unit.sequence != sequence) continue;
    // Tokens that the normalizer made of one character share its bytes.
    size_t begin = std::max<size_t>(edit.unit.begin_byte, copied);
    // Some tokens that begin a word cover the space before it, which AsText leaves out of the new one.
    if (begin < edit.unit.end_byte && text[begin] == ' ') ++begin;
    edited.append(text, copied, begin - copied);
    edited.append(text::AsText(edit.replacement, spelling));
    copied = std::max<size_t>(edit.unit.end_byte, copied);
  }
  return edited.append(text, copied);
}

}  // namespace

bool AreApart(const Changes& changes, const Change& change) {
  return std::ranges::none_of(changes, [&](const Change& other) {
    return change.begin_token < other.end_token && other.begin_token < change.end_token;
  });
}

Changes With(Changes changes, const Change& change) {
  changes.insert(std::ranges::upper_bound(changes, change), change);
  return changes;
}

engine::Row Changed(const MethodInput& input, const Changes& changes, const engine::Row& whole) {
  engine::Row row = whole;
  std::vector<bool> is_removed(input.num_tokens(), false);
  for (const Change& change : changes) {
    if (change.id == Change::kTakenOut) {
      std::fill(is_removed.begin() + change.begin_token, is_removed.begin() + change.end_token, true);
    } else {
      row.token_ids[change.begin_token] = change.id;
    }
  }
  return explain::Removal(explain::Replacement::kDelete, input).Without(is_removed, std::move(row));
}

std::vector<uint32_t> OriginOfTokens(const Changes& changes, size_t num_tokens) {
  std::vector<uint32_t> origins;
  auto change = changes.begin();
  for (uint32_t t = 0; t < num_tokens; ++t) {
    while (change != changes.end() && change->end_token <= t) ++change;
    const bool is_inside = change != changes.end() && change->begin_token <= t;
    if (!is_inside || change->id != Change::kTakenOut) origins.push_back(t);
  }
  return origins;
}

bool LeaveTokens(const Changes& changes, size_t num_tokens) { return !OriginOfTokens(changes, num_tokens).empty(); }

explain::Edits DescribeChanges(const MethodInput& input, const Changes& changes) {
  explain::Edits described;
  for (const Change& change : changes) {
    const bool is_taken_out = change.id == Change::kTakenOut;
    described.edits.push_back({.unit = UnitOf(change, input),
                               .replacement = is_taken_out ? std::string() : SpellingOf(change.id, input),
                               .replacement_id = change.id});
  }
  engine::Row row = Changed(input, changes, input.base_row);
  described.token_ids = std::move(row.token_ids);
  described.type_ids = std::move(row.type_ids);
  const explain::Input& original = input.request.input;
  if (original.token_ids.has_value()) return described;
  const text::Spelling spelling = input.tokenizer.spelling();
  described.text = EditedText(original.text, described.edits, 0, spelling);
  if (original.text_pair.has_value()) {
    described.text_pair = EditedText(*original.text_pair, described.edits, 1, spelling);
  }
  return described;
}

}  // namespace limpid::methods
