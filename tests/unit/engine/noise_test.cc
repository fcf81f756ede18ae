// The counter-based noise: its moments, and that it depends on its key alone.
#include "engine/pass/noise.h"

#include <ATen/core/PhiloxRNGEngine.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

namespace limpid::engine {
namespace {

constexpr int64_t kWidth = 37;

std::vector<float> Draw(const Noise& noise, int64_t tokens, float start = 0) {
  std::vector<float> x(static_cast<size_t>(tokens * kWidth), start);
  AddNoise(noise, {}, tokens, kWidth, x.data());
  return x;
}

double Moment(const std::vector<float>& x, int power) {
  double sum = 0;
  for (float value : x) sum += std::pow(double{value}, power);
  return sum / static_cast<double>(x.size());
}

// Five standard errors of a mean over that many draws of variance `variance`.
double Bound(const std::vector<float>& x, double variance) {
  return 5 * std::sqrt(variance / static_cast<double>(x.size()));
}

TEST(Noise, GaussianHasItsMoments) {
  const std::vector<float> x = Draw({.kind = Noise::Kind::kGaussian, .scale = 2, .seed = 7}, 3000);

  EXPECT_NEAR(Moment(x, 1), 0, Bound(x, 4));
  EXPECT_NEAR(Moment(x, 2), 4, Bound(x, 2 * 16));
  EXPECT_NEAR(Moment(x, 4), 3 * 16, Bound(x, 96 * 256));
}

TEST(Noise, UniformHasItsMomentsAndStaysInside) {
  const std::vector<float> x = Draw({.kind = Noise::Kind::kUniform, .scale = 3, .seed = 7}, 3000);

  EXPECT_NEAR(Moment(x, 1), 0, Bound(x, 3));
  EXPECT_NEAR(Moment(x, 2), 3, Bound(x, 81.0 / 5 - 9));
  EXPECT_LE(*std::ranges::max_element(x), 3);
  EXPECT_GE(*std::ranges::min_element(x), -3);
}

TEST(Noise, BernoulliKeepsTheShareAskedForOfEachToken) {
  const std::vector<float> keep = {0, 1, 0.25};
  double kept[3] = {};
  constexpr int kSamples = 2000;
  for (uint32_t sample = 0; sample < kSamples; ++sample) {
    const Noise noise = {.kind = Noise::Kind::kBernoulli, .keep = keep, .seed = 1, .sample = sample};
    const std::vector<float> x = Draw(noise, 3, 5);
    for (size_t i = 0; i < x.size(); ++i) {
      ASSERT_TRUE(x[i] == 0 || x[i] == 5);
      kept[i / kWidth] += x[i] != 0;
    }
  }
  EXPECT_EQ(kept[0], 0);
  EXPECT_EQ(kept[1], kSamples * kWidth);
  constexpr double kDraws = kSamples * kWidth;
  EXPECT_NEAR(kept[2] / kDraws, 0.25, 5 * std::sqrt(0.25 * 0.75 / kDraws));
}

TEST(Noise, StaysWithATokenWhoseNeighboursAreLeftOut) {
  const Noise noise = {.kind = Noise::Kind::kUniform, .scale = 1, .seed = 7};
  const std::vector<float> all = Draw(noise, 4);
  std::vector<float> left(2 * kWidth, 0);

  AddNoise(noise, std::vector<int32_t>{1, 3}, 2, kWidth, left.data());

  EXPECT_TRUE(std::ranges::equal(std::span(left).first(kWidth), std::span(all).subspan(kWidth, kWidth)));
  EXPECT_TRUE(std::ranges::equal(std::span(left).last(kWidth), std::span(all).last(kWidth)));
}

TEST(Noise, DependsOnSeedSampleTokenAndElementOnly) {
  const Noise noise = {.kind = Noise::Kind::kGaussian, .scale = 1, .seed = 7, .sample = 3};
  const std::vector<float> x = Draw(noise, 4);
  std::vector<float> narrow(10, 0);

  AddNoise(noise, {}, 1, 10, narrow.data());

  // Fewer tokens and a smaller width: the same numbers where both have one.
  EXPECT_TRUE(std::ranges::equal(narrow, std::span(x).first(10)));
  Noise other_seed = noise, other_sample = noise;
  other_seed.seed += uint64_t{1} << 40;
  other_sample.sample = 4;
  for (const std::vector<float>& other : {Draw(other_seed, 4), Draw(other_sample, 4)}) {
    for (size_t i = 0; i < x.size(); ++i) EXPECT_NE(x[i], other[i]);
  }
  // No token repeats another.
  for (size_t i = 0; i < kWidth; ++i) EXPECT_NE(x[i], x[i + kWidth]);
}

// What the header says, so that others can make the same numbers.
TEST(Noise, IsMadeOfTheWordsThatTheHeaderSays) {
  const Noise uniform = {.kind = Noise::Kind::kUniform, .scale = 1, .seed = (uint64_t{5} << 32) + 9, .sample = 2};
  const std::vector<float> x = Draw(uniform, 3);
  at::Philox4_32 words(uniform.seed, (uint64_t{2} << 32) + 1, /*offset=*/5);

  EXPECT_EQ(x[kWidth + 20], static_cast<float>(2 * ((words() >> 8) / 16777216.0) - 1));
}

}  // namespace
}  // namespace limpid::engine
