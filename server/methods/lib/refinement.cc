#include "methods/lib/refinement.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace limpid::methods {
namespace {

using explain::Unit;

bool AreSameTokens(const Unit& a, const Unit& b) {
  return a.begin_token == b.begin_token && a.end_token == b.end_token;
}

}  // namespace

Refinement::Refinement(std::vector<std::vector<Unit>> levels, const explain::Removal& removal, size_t num_tokens,
                       float min_share)
    : levels_(std::move(levels)), removal_(removal), num_tokens_(num_tokens), min_share_(min_share) {
  for (const Unit& unit : levels_.front()) parts_.push_back({.unit = unit});
}

std::vector<engine::Row> Refinement::NextRows(const engine::Row& whole) {
  for (;; GoIn()) {
    // Asked before, and taken.
    if (!running_.has_value()) {
      running_.emplace(UnitsToRun(), removal_, num_tokens_);
      std::vector<engine::Row> rows = running_->Rows(whole);
      if (!rows.empty()) return rows;
    }
    if (IsLast()) return {};
  }
}

void Refinement::Take(const engine::Prediction& base, std::span<const engine::RowResult> rows) {
  const std::vector<float> losses = running_->Losses(base, rows);
  size_t next = 0;
  for (Part& part : parts_) {
    if (next < losses.size() && AreSameTokens(part.unit, running_->units()[next])) part.score = losses[next++];
  }
  num_units_ += static_cast<uint32_t>(losses.size());
}

std::vector<float> Refinement::Scores() const {
  std::vector<Unit> units;
  std::vector<float> scores;
  for (const std::vector<Part>* parts : {&whole_parts_, &parts_}) {
    for (const Part& part : *parts) {
      units.push_back(part.unit);
      scores.push_back(part.score.value_or(0));
    }
  }
  return SpreadOverTokens(units, scores, num_tokens_);
}

std::vector<Unit> Refinement::UnitsToRun() const {
  std::vector<Unit> units;
  if (parts_.size() == 1 && whole_parts_.empty() && !IsLast()) return units;
  for (const Part& part : parts_) {
    if (!part.score.has_value()) units.push_back(part.unit);
  }
  return units;
}

void Refinement::GoIn() {
  float largest = 0;
  for (const Part& part : parts_) largest = std::max(largest, std::abs(part.score.value_or(0)));
  const std::vector<Unit>& finer = levels_[++level_];
  for (Part& part : std::exchange(parts_, {})) {
    if (part.score.has_value() && std::abs(*part.score) < min_share_ * largest) {
      whole_parts_.push_back(part);
      continue;
    }
    for (const Unit& unit : finer) {
      if (unit.begin_token < part.unit.begin_token || unit.begin_token >= part.unit.end_token) continue;
      parts_.push_back({.unit = unit, .score = AreSameTokens(unit, part.unit) ? part.score : std::nullopt});
    }
  }
  running_.reset();
}

}  // namespace limpid::methods
