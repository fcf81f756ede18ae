#include "lib/render/heatmap.h"

#include <algorithm>
#include <cmath>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "lib/render/visible_text.h"
#include "lib/utf8.h"

namespace limpid::client {
namespace {

constexpr std::string_view kIndent = "  ";

// One character as it is drawn.
struct Cell {
  std::string visible;
  double heat = 0;
  size_t columns = 0;
  bool is_space = false;
  bool is_line_end = false;
};

void AppendCells(std::string_view text, double heat, std::vector<Cell>* cells) {
  for (size_t i = 0; i < text.size();) {
    const size_t length = FirstCodePoint(text.substr(i)).length;
    const std::string_view character = text.substr(i, length);
    Cell cell{VisibleText(character), heat, 0, character == " ", character == "\n"};
    cell.columns = DisplayWidth(cell.visible);
    cells->push_back(std::move(cell));
    i += length;
  }
}

// Units in the order of the text; where two share bytes the first one keeps them.
std::vector<Cell> CellsOf(const v1::Attribution& attribution, const SentTexts& texts, int32_t sequence) {
  const std::string_view text = texts.Of(sequence);
  const double largest = LargestTextScore(attribution);
  std::vector<Cell> cells;
  size_t done = 0;
  for (int i = 0; i < attribution.units_size(); ++i) {
    const v1::Unit& unit = attribution.units(i);
    if (unit.is_special() || unit.sequence() != sequence || unit.end_byte() <= done) continue;
    const size_t begin = std::max<size_t>(done, unit.begin_byte());
    AppendCells(text.substr(done, begin - done), 0, &cells);
    const double score = attribution.scores(i);
    const double heat = largest > 0 && std::isfinite(score) ? score / largest : 0;
    AppendCells(text.substr(begin, unit.end_byte() - begin), heat, &cells);
    done = unit.end_byte();
  }
  AppendCells(text.substr(done), 0, &cells);
  return cells;
}

// Ends of lines as indices into `cells`: after a line end, before the word that would not fit, inside a word longer
// than a line.
std::vector<size_t> LineEnds(const std::vector<Cell>& cells, size_t columns) {
  std::vector<size_t> ends;
  size_t begin = 0, used = 0, after_space = 0;
  for (size_t i = 0; i < cells.size(); ++i) {
    if (used > 0 && used + cells[i].columns > columns && !cells[i].is_space && !cells[i].is_line_end) {
      const size_t end = after_space > begin ? after_space : i;
      ends.push_back(end);
      begin = end;
      used = 0;
      for (size_t moved = begin; moved < i; ++moved) used += cells[moved].columns;
    }
    used += cells[i].columns;
    if (cells[i].is_space) after_space = i + 1;
    if (cells[i].is_line_end) {
      ends.push_back(i + 1);
      begin = i + 1;
      used = 0;
    }
  }
  if (begin < cells.size()) ends.push_back(cells.size());
  return ends;
}

std::string Line(const std::vector<Cell>& cells, size_t begin, size_t end, const Palette& palette) {
  while (end > begin && (cells[end - 1].is_space || cells[end - 1].is_line_end)) --end;
  std::string line(kIndent);
  for (size_t i = begin; i < end;) {
    std::string run;
    const double heat = cells[i].heat;
    for (; i < end && cells[i].heat == heat; ++i) run += cells[i].visible;
    line += palette.OnPaper(run, heat);
  }
  return line + "\n";
}

}  // namespace

std::string Heatmap(const v1::Attribution& attribution, const SentTexts& texts, int32_t sequence,
                    const Palette& palette, size_t columns) {
  const std::vector<Cell> cells = CellsOf(attribution, texts, sequence);
  const size_t usable = std::max<size_t>(20, columns - std::min(columns, 2 * kIndent.size()));
  std::string heatmap;
  size_t begin = 0;
  for (const size_t end : LineEnds(cells, usable)) {
    heatmap += Line(cells, begin, end, palette);
    begin = end;
  }
  return heatmap;
}

std::string HeatmapLegend(const v1::Attribution& attribution, const Palette& palette) {
  const double largest = LargestTextScore(attribution);
  std::string scale;
  for (const double heat : {-1.0, -0.75, -0.5, -0.25, 0.0, 0.25, 0.5, 0.75, 1.0}) {
    if (heat >= 0 || attribution.card().is_signed()) scale += palette.OnPaper("  ", heat);
  }
  if (attribution.card().is_signed()) {
    return absl::StrFormat("%sagainst %.3g %s %.3g for the target\n", kIndent, -largest, scale, largest);
  }
  return absl::StrFormat("%s0 %s %.3g\n", kIndent, scale, largest);
}

}  // namespace limpid::client
