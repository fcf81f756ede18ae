#include "rpc/half.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>
#include <vector>

namespace limpid::rpc {
namespace {

// The value of half bits, by the definition of binary16.
double HalfValue(uint16_t bits) {
  const int exponent = (bits >> 10) & 0x1F, mantissa = bits & 0x3FF;
  const double sign = bits & 0x8000 ? -1 : 1;
  if (exponent == 31) return mantissa == 0 ? sign * INFINITY : NAN;
  if (exponent == 0) return sign * std::ldexp(mantissa, -24);
  return sign * std::ldexp(1024 + mantissa, exponent - 25);
}

TEST(ToHalf, EveryHalfComesBackFromItsFloat) {
  for (uint32_t bits = 0; bits < 0x10000; ++bits) {
    const double value = HalfValue(static_cast<uint16_t>(bits));
    if (std::isnan(value)) continue;
    ASSERT_EQ(ToHalf(static_cast<float>(value)), bits);
  }
}

TEST(ToHalf, BetweenTwoHalvesTheNearerWinsAndTiesGoToEven) {
  for (uint32_t bits = 0; bits < 0x7BFF; ++bits) {
    const double low = HalfValue(static_cast<uint16_t>(bits)), high = HalfValue(static_cast<uint16_t>(bits + 1));
    const float middle = static_cast<float>((low + high) / 2);
    ASSERT_EQ(ToHalf(middle), bits + (bits & 1)) << middle;
    ASSERT_EQ(ToHalf(std::nextafter(middle, 0.0f)), bits) << middle;
    ASSERT_EQ(ToHalf(std::nextafter(middle, 1e9f)), bits + 1) << middle;
    ASSERT_EQ(ToHalf(-middle), 0x8000 | (bits + (bits & 1))) << middle;
  }
}

TEST(ToHalf, WhatIsTooLargeBecomesInfinityAndWhatIsTooSmallZero) {
  EXPECT_EQ(ToHalf(65519.0f), 0x7BFF);
  EXPECT_EQ(ToHalf(65520.0f), 0x7C00);
  EXPECT_EQ(ToHalf(-1e30f), 0xFC00);
  EXPECT_EQ(ToHalf(std::numeric_limits<float>::infinity()), 0x7C00);
  EXPECT_EQ(ToHalf(std::ldexp(1.0f, -25)), 0);
  EXPECT_EQ(ToHalf(-std::numeric_limits<float>::denorm_min()), 0x8000);
}

TEST(ToHalf, NanStaysNan) {
  EXPECT_TRUE(std::isnan(HalfValue(ToHalf(std::numeric_limits<float>::quiet_NaN()))));
  EXPECT_TRUE(std::isnan(HalfValue(ToHalf(std::bit_cast<float>(0x7F800001u)))));
}

TEST(ToHalf, ManyValuesGiveTheSameAsEachAlone) {
  std::vector<float> values;
  for (uint32_t i = 0; i < 100003; ++i) values.push_back(std::bit_cast<float>(i * 42949u));
  std::vector<uint16_t> halves(values.size());

  ToHalf(values, halves.data());

  for (size_t i = 0; i < values.size(); ++i) ASSERT_EQ(halves[i], ToHalf(values[i])) << values[i];
}

}  // namespace
}  // namespace limpid::rpc
