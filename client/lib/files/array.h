#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace limpid::client {

enum class DType { kFloat16, kFloat32, kUInt16, kInt32, kUInt32, kBool };

// One named array of an answer, row-major, little-endian. `bytes` may point into the answer it was made from.
struct Array {
  std::string name;
  DType dtype = DType::kFloat32;
  std::vector<size_t> shape;
  std::string_view bytes;
};

// Strings that go with the arrays: npz keeps them as an array of Unicode strings.
struct TextArray {
  std::string name;
  std::vector<std::string> values;  // UTF-8
};

}  // namespace limpid::client
