#include "rpc/half.h"

#include <bit>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace limpid::rpc {
namespace {

#if defined(__x86_64__)
__attribute__((target("avx,f16c"))) void ToHalfF16c(std::span<const float> values, uint16_t* halves) {
  size_t i = 0;
  for (; i + 8 <= values.size(); i += 8) {
    const __m128i packed = _mm256_cvtps_ph(_mm256_loadu_ps(values.data() + i), _MM_FROUND_TO_NEAREST_INT);
    _mm_storeu_si128(reinterpret_cast<__m128i*>(halves + i), packed);
  }
  for (; i < values.size(); ++i) halves[i] = ToHalf(values[i]);
}

bool HasF16c() {
  static const bool has = __builtin_cpu_supports("avx") && __builtin_cpu_supports("f16c");
  return has;
}
#endif

// `value` shifted right, rounded to nearest, ties to even.
uint32_t ShiftAndRound(uint32_t value, uint32_t shift) {
  const uint32_t half = uint32_t{1} << (shift - 1), rest = value & ((half << 1) - 1), quotient = value >> shift;
  return quotient + (rest > half || (rest == half && (quotient & 1)) ? 1 : 0);
}

}  // namespace

uint16_t ToHalf(float value) {
  const uint32_t bits = std::bit_cast<uint32_t>(value), magnitude = bits & 0x7FFFFFFF;
  const uint16_t sign = static_cast<uint16_t>((bits >> 16) & 0x8000);
  if (magnitude > 0x7F800000) return sign | 0x7E00 | static_cast<uint16_t>((magnitude >> 13) & 0x1FF);  // quiet NaN
  if (magnitude >= 0x47800000) return sign | 0x7C00;  // 2^16 and more: infinity
  if (magnitude >= 0x38800000) {                      // 2^-14 and more: normal; rounding may carry up to infinity
    return sign | static_cast<uint16_t>(ShiftAndRound(magnitude - 0x38000000, 13));
  }
  if (magnitude < 0x33000000) return sign;  // below 2^-25: zero
  const uint32_t exponent = magnitude >> 23, mantissa = (magnitude & 0x7FFFFF) | 0x800000;
  return sign | static_cast<uint16_t>(ShiftAndRound(mantissa, 126 - exponent));
}

void ToHalf(std::span<const float> values, uint16_t* halves) {
#if defined(__x86_64__)
  if (HasF16c()) return ToHalfF16c(values, halves);
#endif
  for (size_t i = 0; i < values.size(); ++i) halves[i] = ToHalf(values[i]);
}

}  // namespace limpid::rpc
