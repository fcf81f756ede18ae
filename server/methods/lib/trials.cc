#include "methods/lib/trials.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace limpid::methods {

Trials::Trials(const explain::MethodInput& input, const engine::Prediction& base, uint32_t max_rows)
    : whole_(explain::FrozenRow(input, base)), decision_(input, base), rows_left_(max_rows) {
  trials_[{}] = {.logits = base.logits, .margin = decision_.Margin(base.logits)};
}

bool Trials::Try(const Changes& changes) {
  if (Knows(changes)) return true;
  if (!Spend(1)) return false;
  trials_[changes];
  waiting_.push_back(changes);
  return true;
}

std::vector<engine::Row> Trials::NextRows(const explain::MethodInput& input) {
  const auto end = waiting_.begin() + static_cast<ptrdiff_t>(std::min(waiting_.size(), kMaxRowsAtOnce));
  running_.assign(std::move_iterator(waiting_.begin()), std::move_iterator(end));
  waiting_.erase(waiting_.begin(), end);
  std::vector<engine::Row> rows;
  for (const Changes& changes : running_) rows.push_back(Changed(input, changes, whole_));
  return rows;
}

void Trials::Take(std::span<const engine::RowResult> rows) {
  for (size_t i = 0; i < rows.size(); ++i) {
    const std::vector<float>& logits = rows[i].prediction.logits;
    trials_[running_[i]] = {.logits = logits, .margin = decision_.Margin(logits)};
  }
  running_.clear();
}

bool Trials::Spend(uint32_t rows) {
  if (rows > rows_left_) return false;
  rows_left_ -= rows;
  return true;
}

const Trials::Trial* Trials::Find(const Changes& changes) const {
  const auto found = trials_.find(changes);
  return found == trials_.end() || found->second.logits.empty() ? nullptr : &found->second;
}

void Trials::Forget() {
  Trial whole = std::move(trials_[{}]);
  trials_.clear();
  trials_[{}] = std::move(whole);
}

}  // namespace limpid::methods
