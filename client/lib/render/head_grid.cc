#include "lib/render/head_grid.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace limpid::client {

std::string HeadGrid(const v1::HeadScores& heads, const Palette& palette) {
  const auto& scores = heads.scores();
  if (scores.empty()) return "  No scores.\n";
  const auto strongest = std::max_element(scores.begin(), scores.end()) - scores.begin();
  const double largest = scores.Get(static_cast<int>(strongest));
  const auto columns = static_cast<ptrdiff_t>(heads.heads());

  std::string grid = absl::StrFormat("  %% of the largest: %.4g, layer %d head %d\n", largest, strongest / columns,
                                     strongest % columns);
  std::string header = "  layer \\ head";
  for (ptrdiff_t head = 0; head < columns; ++head) absl::StrAppendFormat(&header, "%4d", head);
  absl::StrAppend(&grid, palette.Dim(header), "\n");
  for (int layer = 0; layer < static_cast<int>(heads.layers()); ++layer) {
    absl::StrAppend(&grid, palette.Dim(absl::StrFormat("  %12d", layer)));
    for (int head = 0; head < static_cast<int>(columns); ++head) {
      const double score = scores.Get(layer * static_cast<int>(columns) + head);
      const double share = largest > 0 && std::isfinite(score) ? score / largest : 0;
      absl::StrAppend(&grid, palette.OnPaper(absl::StrFormat("%4.0f", 100 * share), share));
    }
    grid += "\n";
  }
  return grid;
}

}  // namespace limpid::client
