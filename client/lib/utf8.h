#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace limpid::client {

struct CodePoint {
  char32_t value = 0;
  size_t length = 0;  // bytes
  bool valid = false;
};

// The code point at the start of `text`, which is not empty. Ill-formed (Unicode Standard, table 3-7): the first byte
// as value, length 1, not valid.
CodePoint FirstCodePoint(std::string_view text);

// Where the first ill-formed sequence begins, or nullopt when all of `text` is valid UTF-8.
std::optional<size_t> FindInvalidUtf8(std::string_view text);

}  // namespace limpid::client
