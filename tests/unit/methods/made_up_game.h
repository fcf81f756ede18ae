#pragma once

#include <functional>
#include <string>
#include <vector>

#include "unit/methods/method_case.h"

namespace limpid::testing {

// A text whose F is a function of which tokens stand: true for a token [T] that is not the mask.
class MadeUpGame {
 public:
  using Value = std::function<double(const std::vector<bool>& stands)>;

  MadeUpGame(const std::string& text, Value value) : text_(text), value_(std::move(value)) {
    engine::RowResult base;
    base.prediction.class_index = 1;
    base.prediction.target_value =
        static_cast<float>(value_(std::vector<bool>(text_.input().encoding.tokens.size(), true)));
    text_.With(base);
  }

  explain::TokenScores Play(const std::string& method) {
    text_.rows.clear();
    return text_.Explain(method, [this](const engine::Row& row) {
      engine::RowResult result;
      result.prediction.target_value = static_cast<float>(value_(Standing(row)));
      return result;
    });
  }

  static std::vector<bool> Standing(const engine::Row& row) {
    std::vector<bool> stands;
    for (int32_t id : row.token_ids) stands.push_back(id != FakeTokenizer::kMask);
    return stands;
  }

  MethodCase& text() { return text_; }
  size_t num_rows() const { return text_.rows.size(); }

 private:
  MethodCase text_;
  Value value_;
};

// 1, 2, 4, ... of the tokens that stand, from the first that is not special.
inline double Additive(const std::vector<bool>& stands) {
  double sum = 0, worth = 1;
  for (size_t t = 1; t + 1 < stands.size(); ++t, worth *= 2) sum += stands[t] ? worth : 0;
  return sum;
}

// 12 if all stand, else nothing.
inline double AllOrNothing(const std::vector<bool>& stands) {
  for (bool stand : stands) {
    if (!stand) return 0;
  }
  return 12;
}

}  // namespace limpid::testing
