#include "explain/removal.h"

#include <algorithm>
#include <memory>
#include <numeric>
#include <utility>

#include "absl/strings/str_cat.h"
#include "explain/units.h"

namespace limpid::explain {
namespace {

// In place of the word embeddings of the marked tokens.
void ReplaceEmbeddings(const std::vector<bool>& is_removed, int32_t stand_in, engine::Row* row) {
  engine::Baseline baseline{.at = engine::AttachPoint::kWordEmbedding, .ids = row->token_ids};
  std::vector<float> alpha(is_removed.size(), 1);
  for (size_t t = 0; t < is_removed.size(); ++t) {
    if (!is_removed[t]) continue;
    baseline.ids[t] = stand_in;
    alpha[t] = 0;
  }
  if (!row->alteration.has_value()) row->alteration.emplace();
  row->alteration->baseline = std::make_shared<const engine::Baseline>(std::move(baseline));
  row->alteration->alpha = std::move(alpha);
}

// A token by its id, a vector as word embedding.
void Replace(const std::vector<bool>& is_removed, int32_t stand_in, engine::Row* row) {
  if (stand_in < 0) return ReplaceEmbeddings(is_removed, stand_in, row);
  for (size_t t = 0; t < is_removed.size(); ++t) {
    if (is_removed[t]) row->token_ids[t] = stand_in;
  }
}

template <typename Values>
void Erase(const std::vector<bool>& is_removed, Values* values) {
  size_t kept = 0;
  for (size_t t = 0; t < is_removed.size(); ++t) {
    if (!is_removed[t]) (*values)[kept++] = (*values)[t];
  }
  values->resize(kept);
}

}  // namespace

absl::StatusOr<StandIn> FindStandIn(Replacement replacement, const text::StandIns& stand_ins,
                                    const std::string& field) {
  StandIn found;
  switch (replacement) {
    case Replacement::kMask:
      found = {stand_ins.mask, "MASK"};
      break;
    case Replacement::kPad:
      found = {stand_ins.pad, "PAD"};
      break;
    case Replacement::kUnknown:
      found = {stand_ins.unknown, "UNKNOWN"};
      break;
    case Replacement::kZero:
      return StandIn{engine::Baseline::kZero, "ZERO"};
    case Replacement::kMean:
      return StandIn{engine::Baseline::kMean, "MEAN"};
    case Replacement::kDefault:
    case Replacement::kDelete:
    case Replacement::kAttention:
      return absl::InternalError(absl::StrCat(field, ": nothing stands in the place of what is left out"));
  }
  if (found.id >= 0) return found;
  return absl::InvalidArgumentError(absl::StrCat(field, ": is ", found.name, ", which this model's vocabulary lacks"));
}

Removal::Removal(Replacement replacement, const MethodInput& input)
    : replacement_(replacement), stand_ins_(input.tokenizer.stand_ins()) {
  if (replacement_ != Replacement::kDefault) return;
  replacement_ = stand_ins_.mask >= 0 ? Replacement::kMask : Replacement::kAttention;
}

bool Removal::NeedsStandIn() const {
  return replacement_ != Replacement::kDelete && replacement_ != Replacement::kAttention;
}

absl::Status Removal::Check(const std::string& field) const {
  return NeedsStandIn() ? FindStandIn(replacement_, stand_ins_, field).status() : absl::OkStatus();
}

bool Removal::IsPossible(const std::vector<bool>& is_removed) const {
  if (NeedsStandIn()) return true;
  return std::find(is_removed.begin(), is_removed.end(), false) != is_removed.end();
}

engine::Row Removal::Without(const std::vector<bool>& is_removed, engine::Row row) const {
  // Equal rows are to look equal.
  if (std::find(is_removed.begin(), is_removed.end(), true) == is_removed.end()) return row;
  if (NeedsStandIn()) {
    Replace(is_removed, FindStandIn(replacement_, stand_ins_, "replacement")->id, &row);
    return row;
  }
  // The token whose scores are meant, or the last before it that is left.
  const auto moved = [&](int32_t token) {
    const auto left = std::count(is_removed.begin(), is_removed.begin() + token + 1, false);
    return std::max<int32_t>(0, static_cast<int32_t>(left) - 1);
  };
  engine::Target& target = row.target;
  if (target.position >= 0) target.position = moved(target.position);
  if (target.answer.end > 0) target.answer = {moved(target.answer.begin), moved(target.answer.end - 1) + 1};
  if (replacement_ == Replacement::kAttention) {
    row.positions.resize(row.token_ids.size());
    std::iota(row.positions.begin(), row.positions.end(), 0);
    Erase(is_removed, &row.positions);
  }
  Erase(is_removed, &row.token_ids);
  Erase(is_removed, &row.type_ids);
  return row;
}

engine::Row Removal::Only(std::span<const Unit> units, const std::vector<bool>& is_kept, engine::Row row) const {
  std::vector<Unit> removed;
  for (size_t i = 0; i < units.size(); ++i) {
    if (!is_kept[i]) removed.push_back(units[i]);
  }
  const std::vector<bool> is_removed = TokensOf(removed, row.token_ids.size());
  return Without(is_removed, std::move(row));
}

std::vector<Unit> RemovableUnits(const MethodInput& input, Granularity granularity) {
  std::vector<Unit> units = MakeUnits(input.encoding, granularity, input.request.input, input.request.spans);
  std::erase_if(units, [](const Unit& unit) { return unit.is_special; });
  return units;
}

std::vector<bool> TokensOf(std::span<const Unit> units, size_t num_tokens) {
  std::vector<bool> marks(num_tokens, false);
  for (const Unit& unit : units) {
    std::fill(marks.begin() + unit.begin_token, marks.begin() + unit.end_token, true);
  }
  return marks;
}

}  // namespace limpid::explain
