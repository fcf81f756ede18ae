#include "lib/compare/comparison.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <map>
#include <numeric>
#include <tuple>
#include <utility>

#include "lib/sanity/rank_correlation.h"

namespace limpid::client {
namespace {

using Place = std::tuple<int32_t, uint32_t, uint32_t>;

Place PlaceOf(const v1::Unit& unit) { return {unit.sequence(), unit.begin_byte(), unit.end_byte()}; }

// Indices of the at most `top` largest sizes, the largest first.
std::vector<size_t> Largest(const std::vector<float>& scores, size_t top) {
  std::vector<size_t> order(scores.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](size_t a, size_t b) { return std::abs(scores[a]) > std::abs(scores[b]); });
  order.resize(std::min(top, order.size()));
  return order;
}

size_t InCommon(std::vector<size_t> a, std::vector<size_t> b) {
  std::sort(a.begin(), a.end());
  std::sort(b.begin(), b.end());
  std::vector<size_t> common;
  std::set_intersection(a.begin(), a.end(), b.begin(), b.end(), std::back_inserter(common));
  return common.size();
}

void TakeSizes(std::vector<float>* scores) {
  for (float& score : *scores) score = std::abs(score);
}

}  // namespace

Agreement CompareScores(const v1::Attribution& first, const v1::Attribution& second, size_t top) {
  std::map<Place, float> places;
  for (int i = 0; i < second.units_size(); ++i) {
    if (!second.units(i).is_special()) places.emplace(PlaceOf(second.units(i)), second.scores(i));
  }
  std::vector<float> a, b;
  for (int i = 0; i < first.units_size(); ++i) {
    if (first.units(i).is_special()) continue;
    const auto found = places.find(PlaceOf(first.units(i)));
    if (found == places.end()) continue;
    a.push_back(first.scores(i));
    b.push_back(found->second);
  }
  Agreement agreement;
  agreement.shared_pieces = a.size();
  agreement.of_sizes = first.card().is_signed() != second.card().is_signed();
  if (a.size() > top) agreement.top_in_common = InCommon(Largest(a, top), Largest(b, top));
  if (agreement.of_sizes) {
    TakeSizes(&a);
    TakeSizes(&b);
  }
  agreement.rank_correlation = RankCorrelation(a, b);
  return agreement;
}

Agreement Comparison::Between(size_t first, size_t second) const {
  return CompareScores(AttributionOf(rows[first]), AttributionOf(rows[second]), top);
}

void AddAnswer(Explanation answer, const std::vector<std::string>& names, Comparison* comparison) {
  for (size_t i = 0; i < answer.attributions.size(); ++i) {
    const std::string& name = names[answer.attributions[i].method_index()];
    if (answer.attributions[i].scores().empty()) {
      comparison->without_scores.push_back(name);
    } else {
      comparison->rows.push_back({name, comparison->answers.size(), i});
    }
  }
  comparison->answers.push_back(std::move(answer));
}

std::vector<int> StrongestPieces(const v1::Attribution& attribution, size_t top) {
  std::vector<int> pieces;
  std::vector<float> scores;
  for (int i = 0; i < attribution.units_size(); ++i) {
    if (attribution.units(i).is_special()) continue;
    pieces.push_back(i);
    scores.push_back(attribution.scores(i));
  }
  std::vector<int> strongest;
  for (const size_t index : Largest(scores, top)) strongest.push_back(pieces[index]);
  return strongest;
}

}  // namespace limpid::client
