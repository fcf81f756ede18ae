#include "quality/removal_beam.h"

#include <algorithm>
#include <tuple>
#include <utility>

namespace limpid::quality {

RemovalBeam::RemovalBeam(size_t num_words, size_t width, Aim aim)
    : width_(width), aim_(aim), paths_{{.is_kept = Kept(num_words, true)}} {}

void RemovalBeam::AddNext(std::set<Kept>* sets) const {
  for (const Path& path : paths_) {
    for (size_t word = 0; word < path.is_kept.size(); ++word) {
      if (!path.is_kept[word]) continue;
      Kept next = path.is_kept;
      next[word] = false;
      sets->insert(std::move(next));
    }
  }
}

void RemovalBeam::Advance(const std::map<Kept, double>& seen) {
  // Of several ways to the same set only the best can be part of the best.
  std::map<Kept, double> sums;
  for (const Path& path : paths_) {
    for (size_t word = 0; word < path.is_kept.size(); ++word) {
      if (!path.is_kept[word]) continue;
      Kept next = path.is_kept;
      next[word] = false;
      const double sum = path.sum + seen.at(next);
      const auto [place, is_new] = sums.try_emplace(std::move(next), sum);
      if (!is_new && IsBetter(sum, place->second)) place->second = sum;
    }
  }
  paths_.clear();
  for (const auto& [is_kept, sum] : sums) paths_.push_back({is_kept, sum});
  std::ranges::stable_sort(paths_, [this](const Path& a, const Path& b) { return IsBetter(a.sum, b.sum); });
  paths_.resize(std::min(paths_.size(), width_));
}

}  // namespace limpid::quality
