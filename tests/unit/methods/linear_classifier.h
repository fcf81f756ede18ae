#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <map>
#include <vector>

#include "engine/row.h"

namespace limpid::testing {

// Two classes: the logit of class 0 is the sum of its tokens' weights and a bias, that of class 1 is 0. So first-order
// estimates are exact, unless a test makes them wrong.
struct LinearClassifier {
  std::map<int32_t, float> weights;  // of a token id; others weigh nothing
  float bias = 0;
  std::function<float(int32_t id)> estimate_error = [](int32_t) { return 0.0f; };

  float WeightOf(int32_t id) const {
    const auto found = weights.find(id);
    return found == weights.end() ? 0 : found->second;
  }

  engine::RowResult operator()(const engine::Row& row) const {
    engine::RowResult result;
    float sum = bias;
    for (int32_t id : row.token_ids) sum += WeightOf(id);
    result.prediction.logits = {sum, 0};
    result.prediction.class_index = row.target.class_index >= 0 ? row.target.class_index : sum < 0;
    result.prediction.foil_index = 1 - result.prediction.class_index;
    if (!row.wanted.substitutions.has_value()) return result;
    for (int32_t token : row.wanted.substitutions->tokens) {
      result.substitutions.push_back(Search(*row.wanted.substitutions, token, row));
    }
    return result;
  }

 private:
  engine::Substitutions Search(const engine::SubstitutionSearch& search, int32_t token, const engine::Row& row) const {
    const int32_t own = row.token_ids[static_cast<size_t>(token)];
    const float sign = row.target.class_index == 0 ? 1 : -1;
    std::vector<std::pair<float, int32_t>> all;
    for (size_t i = 0; i < search.is_allowed->size(); ++i) {
      const auto id = static_cast<int32_t>(i);
      if ((*search.is_allowed)[i] == 0 || id == own) continue;
      all.emplace_back(sign * (WeightOf(id) - WeightOf(own)) + estimate_error(id), id);
    }
    std::ranges::sort(all);
    engine::Substitutions found = {.token = token, .ids = {}, .estimates = {}};
    for (size_t k = 0; k < std::min(all.size(), static_cast<size_t>(search.count)); ++k) {
      found.estimates.push_back(all[k].first);
      found.ids.push_back(all[k].second);
    }
    return found;
  }
};

}  // namespace limpid::testing
