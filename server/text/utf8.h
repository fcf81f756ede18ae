#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace limpid::text {

// Where the first ill-formed sequence begins (Unicode Standard, table 3-7: no overlong forms, no surrogates, nothing
// above U+10FFFF, nothing cut off), or nullopt when all of `text` is valid UTF-8.
std::optional<size_t> FindInvalidUtf8(std::string_view text);

// For each byte of valid UTF-8 the index of the code point that it belongs to, and at [text.size()] the number of code
// points: turns a half-open byte range into a half-open range of code points.
std::vector<uint32_t> CodePointIndex(std::string_view text);

}  // namespace limpid::text
