#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "lib/render/palette.h"

namespace limpid::client {

// Visible text in one style: in the ink of `sign` (Palette::InInk) unless that is 0, or dim, or as it is.
struct Stretch {
  std::string visible;
  int sign = 0;
  bool is_dim = false;
};

// The stretches one after the other, in lines of at most `columns` that end before the word that would not fit. The
// first line goes on behind `indent` columns that are there already, the others begin with as many spaces; a word
// longer than a line is left whole. Ends with a line end.
std::string Wrapped(const std::vector<Stretch>& stretches, size_t indent, size_t columns, const Palette& palette);

}  // namespace limpid::client
