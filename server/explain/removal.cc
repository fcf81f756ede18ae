#include "explain/removal.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "explain/units.h"

namespace limpid::explain {
namespace {

int32_t StandIn(Replacement replacement, const text::StandIns& stand_ins) {
  switch (replacement) {
    case Replacement::kMask:
      return stand_ins.mask;
    case Replacement::kPad:
      return stand_ins.pad;
    case Replacement::kUnknown:
      return stand_ins.unknown;
    case Replacement::kZero:
      return engine::Baseline::kZero;
    case Replacement::kMean:
      return engine::Baseline::kMean;
    case Replacement::kDefault:
    case Replacement::kDelete:
    case Replacement::kAttention:
      break;
  }
  return -1;
}

bool IsToken(Replacement replacement) {
  return replacement == Replacement::kMask || replacement == Replacement::kPad || replacement == Replacement::kUnknown;
}

const char* NameOf(Replacement replacement) {
  return replacement == Replacement::kMask ? "MASK" : replacement == Replacement::kPad ? "PAD" : "UNKNOWN";
}

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

template <typename Values>
void Erase(const std::vector<bool>& is_removed, Values* values) {
  size_t kept = 0;
  for (size_t t = 0; t < is_removed.size(); ++t) {
    if (!is_removed[t]) (*values)[kept++] = (*values)[t];
  }
  values->resize(kept);
}

}  // namespace

Removal::Removal(Replacement replacement, const MethodInput& input) : replacement_(replacement) {
  const text::StandIns stand_ins = input.tokenizer.stand_ins();
  if (replacement_ == Replacement::kDefault) {
    replacement_ = stand_ins.mask >= 0 ? Replacement::kMask : Replacement::kAttention;
  }
  stand_in_ = StandIn(replacement_, stand_ins);
}

absl::Status Removal::Check(const char* field) const {
  if (!IsToken(replacement_) || stand_in_ >= 0) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat(field, ": is ", NameOf(replacement_), ", which this model's vocabulary lacks"));
}

bool Removal::IsPossible(const std::vector<bool>& is_removed) const {
  if (replacement_ != Replacement::kDelete && replacement_ != Replacement::kAttention) return true;
  return std::find(is_removed.begin(), is_removed.end(), false) != is_removed.end();
}

engine::Row Removal::Without(const std::vector<bool>& is_removed, engine::Row row) const {
  // Equal rows are to look equal.
  if (std::find(is_removed.begin(), is_removed.end(), true) == is_removed.end()) return row;
  if (replacement_ == Replacement::kDelete) {
    Erase(is_removed, &row.token_ids);
    Erase(is_removed, &row.type_ids);
  } else if (replacement_ == Replacement::kAttention) {
    row.is_hidden.assign(is_removed.begin(), is_removed.end());
  } else if (IsToken(replacement_)) {
    for (size_t t = 0; t < is_removed.size(); ++t) {
      if (is_removed[t]) row.token_ids[t] = stand_in_;
    }
  } else {
    ReplaceEmbeddings(is_removed, stand_in_, &row);
  }
  return row;
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
