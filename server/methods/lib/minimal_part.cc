#include "methods/lib/minimal_part.h"

#include <algorithm>
#include <cstdint>

namespace limpid::methods {
namespace {

// Proper parts to try, the smallest first.
std::vector<Changes> PartsOf(const Changes& changes) {
  std::vector<Changes> parts;
  if (changes.size() > MinimalPart::kMaxVerified) {
    for (size_t left_out = 0; left_out < changes.size(); ++left_out) {
      parts.push_back(changes);
      parts.back().erase(parts.back().begin() + static_cast<ptrdiff_t>(left_out));
    }
    return parts;
  }
  for (uint32_t bits = 0; bits + 1 < 1u << changes.size(); ++bits) {
    Changes& part = parts.emplace_back();
    for (size_t i = 0; i < changes.size(); ++i) {
      if ((bits >> i & 1u) != 0) part.push_back(changes[i]);
    }
  }
  std::ranges::stable_sort(parts, {}, &Changes::size);
  return parts;
}

// Of those that turn the decision the smallest, of these the one that turns it most; null if none does.
const Changes* Smallest(const std::vector<Changes>& parts, const Trials& trials) {
  const Changes* best = nullptr;
  for (const Changes& part : parts) {
    const Trials::Trial* trial = trials.Find(part);
    if (trial == nullptr || trial->margin >= 0) continue;
    const bool is_better = best == nullptr || (part.size() == best->size() && trial->margin < trials.MarginOf(*best));
    if (is_better) best = &part;
  }
  return best;
}

}  // namespace

bool MinimalPart::Advance(Trials* trials) {
  for (;;) {
    const std::vector<Changes> parts = PartsOf(found_);
    bool are_all_known = true;
    for (const Changes& part : parts) are_all_known = trials->Try(part) && are_all_known;
    if (trials->is_waiting()) return false;
    const Changes* smaller = Smallest(parts, *trials);
    if (smaller == nullptr) {
      is_minimal_ = are_all_known && found_.size() <= kMaxVerified;
      return true;
    }
    found_ = *smaller;
  }
}

}  // namespace limpid::methods
