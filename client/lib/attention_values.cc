#include "lib/attention_values.h"

#include <bit>
#include <cmath>
#include <cstring>

namespace limpid::client {
namespace {

static_assert(std::endian::native == std::endian::little, "payloads are little-endian");

float FromHalf(uint16_t half) {
  const int exponent = half >> 10 & 0x1F, fraction = half & 0x3FF;
  float value;
  if (exponent == 0x1F) {
    value = fraction == 0 ? INFINITY : NAN;
  } else {
    value = exponent == 0 ? std::ldexp(static_cast<float>(fraction), -24)
                          : std::ldexp(static_cast<float>(fraction + 0x400), exponent - 25);
  }
  return half & 0x8000 ? -value : value;
}

}  // namespace

float AttentionValue(const AttentionMaps& maps, size_t index) {
  const char* at = maps.data.data() + index * maps.value_bytes();
  if (maps.encoding == v1::ENCODING_FLOAT16) {
    uint16_t half;
    std::memcpy(&half, at, sizeof(half));
    return FromHalf(half);
  }
  float value;
  std::memcpy(&value, at, sizeof(value));
  return value;
}

uint16_t KeyPosition(const AttentionMaps& maps, size_t index) {
  uint16_t position;
  std::memcpy(&position, maps.key_positions.data() + index * sizeof(position), sizeof(position));
  return position;
}

}  // namespace limpid::client
