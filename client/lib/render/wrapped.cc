#include "lib/render/wrapped.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "lib/render/visible_text.h"

namespace limpid::client {
namespace {

// What lies between two spaces; a word can reach over several stretches.
std::vector<std::vector<Stretch>> WordsOf(const std::vector<Stretch>& stretches) {
  std::vector<std::vector<Stretch>> words(1);
  for (const Stretch& stretch : stretches) {
    bool is_first = true;
    for (const std::string& piece : std::vector<std::string>(absl::StrSplit(stretch.visible, ' '))) {
      if (!is_first) words.emplace_back();
      is_first = false;
      words.back().push_back({piece, stretch.sign, stretch.is_dim});
    }
  }
  return words;
}

std::string Styled(const Stretch& stretch, const Palette& palette) {
  if (stretch.sign != 0) return palette.InInk(stretch.visible, stretch.sign);
  return stretch.is_dim ? palette.Dim(stretch.visible) : stretch.visible;
}

}  // namespace

std::string Wrapped(const std::vector<Stretch>& stretches, size_t indent, size_t columns, const Palette& palette) {
  std::string text;
  size_t used = indent;
  bool is_first = true;
  for (const std::vector<Stretch>& word : WordsOf(stretches)) {
    size_t width = 0;
    for (const Stretch& piece : word) width += DisplayWidth(piece.visible);
    if (!is_first && used + 1 + width > columns) {
      absl::StrAppend(&text, "\n", std::string(indent, ' '));
      used = indent;
    } else if (!is_first) {
      text += ' ';
      ++used;
    }
    is_first = false;
    for (const Stretch& piece : word) text += Styled(piece, palette);
    used += width;
  }
  return text + "\n";
}

}  // namespace limpid::client
