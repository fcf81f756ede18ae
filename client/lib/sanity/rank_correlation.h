#pragma once

#include <optional>
#include <span>

namespace limpid::client {

// Spearman's rank correlation of two lists of equal length, in [-1, 1]: Pearson's correlation of the ranks, equal
// values sharing the mean of theirs (Spearman 1904; the same as scipy.stats.spearmanr). Nothing if one of the lists has
// no variance, or a value is not finite.
std::optional<double> RankCorrelation(std::span<const float> first, std::span<const float> second);

}  // namespace limpid::client
