#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace limpid::client {

// `text` as it may go to a terminal: whatever would move the cursor, change a setting or the reading direction, or
// stay unseen, as a visible escape (\n, \x1b, \u{202e}; bytes that are not UTF-8 as \xff). The rest is unchanged.
std::string VisibleText(std::string_view text);

// The same, but line ends stay: for messages of several lines.
std::string VisibleLines(std::string_view text);

// Columns that visible text takes: two for wide characters and most emoji, none for combining marks. Does not depend
// on the environment's locale.
size_t DisplayWidth(std::string_view visible);

// `visible` cut to at most `columns`, the last of which is "…" if something was cut off.
std::string Shortened(std::string_view visible, size_t columns);

// `visible` with spaces up to `columns`.
std::string PaddedRight(std::string_view visible, size_t columns);

}  // namespace limpid::client
