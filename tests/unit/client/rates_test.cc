#include "lib/load/rates.h"

#include <gtest/gtest.h>

namespace limpid::client {
namespace {

using Rates = std::vector<double>;

TEST(Rates, AreAListOrARamp) {
  EXPECT_EQ(*ParseRates("--rate", ""), Rates());
  EXPECT_EQ(*ParseRates("--rate", "50"), Rates({50}));
  EXPECT_EQ(*ParseRates("--rate", "50,0.5,200"), Rates({50, 0.5, 200}));
  EXPECT_EQ(*ParseRates("--rate", "50:200:4"), Rates({50, 100, 150, 200}));
  EXPECT_EQ(*ParseRates("--rate", "30:10:3"), Rates({30, 20, 10}));
}

TEST(Rates, WhatIsNoneIsRefusedByItsOptionsName) {
  for (const char* text : {"0", "-1", "x", "50,", "1e7", "50:200", "50:200:1", "50:200:2.5", "50:200:4:2", "nan"}) {
    const absl::Status status = ParseRates("--rate", text).status();
    EXPECT_EQ(status.message().substr(0, 7), "--rate ") << text;
  }
}

}  // namespace
}  // namespace limpid::client
