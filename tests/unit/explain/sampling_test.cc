#include "explain/sampling.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <map>

namespace limpid::explain {
namespace {

using ::testing::Key;
using ::testing::UnorderedElementsAre;

const std::vector<float> kLogits = {1, 3, -2, 3, 2};

// How often each token is drawn.
std::map<int32_t, int> Drawn(Sampling sampling, int count = 4000) {
  std::map<int32_t, int> drawn;
  for (int i = 0; i < count; ++i) {
    sampling.seed = static_cast<uint64_t>(i) << 20;
    ++drawn[ChooseToken(kLogits, sampling, static_cast<uint32_t>(i % 3))];
  }
  return drawn;
}

TEST(ChooseToken, IsTheFirstOfTheBestWithoutATemperature) { EXPECT_EQ(ChooseToken(kLogits, {}, 0), 1); }

TEST(ChooseToken, DrawsEachTokenByItsProbability) {
  for (const float temperature : {0.5f, 1.0f, 2.0f}) {
    const auto drawn = Drawn({.temperature = temperature});
    double sum = 0;
    for (const float logit : kLogits) sum += std::exp(logit / temperature);
    for (const auto& [token, count] : drawn) {
      const double expected = std::exp(kLogits[static_cast<size_t>(token)] / temperature) / sum;
      EXPECT_NEAR(count / 4000.0, expected, 0.03) << "token " << token << " at " << temperature;
    }
  }
}

TEST(ChooseToken, TopKKeepsTheBestOfEqualOnesTheFirst) {
  EXPECT_THAT(Drawn({.temperature = 1, .top_k = 1}, 50), UnorderedElementsAre(Key(1)));
  EXPECT_THAT(Drawn({.temperature = 5, .top_k = 3}, 400), UnorderedElementsAre(Key(1), Key(3), Key(4)));
  EXPECT_EQ(Drawn({.temperature = 50, .top_k = 100}, 400).size(), kLogits.size());
}

TEST(ChooseToken, TopPKeepsTheFewestThatHaveIt) {
  // Probabilities: 0.39 twice, 0.14, 0.05, 0.003.
  EXPECT_THAT(Drawn({.temperature = 1, .top_p = 0.3f}, 50), UnorderedElementsAre(Key(1)));
  EXPECT_THAT(Drawn({.temperature = 1, .top_p = 0.5f}, 400), UnorderedElementsAre(Key(1), Key(3)));
  EXPECT_THAT(Drawn({.temperature = 1, .top_p = 0.85f}, 400), UnorderedElementsAre(Key(1), Key(3), Key(4)));
}

TEST(ChooseToken, TheSameSeedDrawsTheSame) {
  for (uint32_t index = 0; index < 20; ++index) {
    const Sampling sampling = {.temperature = 3, .seed = 42};
    EXPECT_EQ(ChooseToken(kLogits, sampling, index), ChooseToken(kLogits, sampling, index));
  }
}

}  // namespace
}  // namespace limpid::explain
