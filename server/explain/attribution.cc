#include "explain/attribution.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "explain/tensors.h"
#include "explain/units.h"

namespace limpid::explain {
namespace {

double ScaleOf(Normalization normalization, const std::vector<float>& scores) {
  double scale = 0;
  for (float score : scores) {
    const double size = std::abs(double{score});
    if (normalization == Normalization::kL2) {
      scale += size * size;
    } else {
      scale = normalization == Normalization::kL1 ? scale + size : std::max(scale, size);
    }
  }
  return normalization == Normalization::kL2 ? std::sqrt(scale) : scale;
}

// `scale` is 0 where every score is: then so are the scaled ones.
std::vector<float> Scaled(const std::vector<float>& scores, double scale) {
  std::vector<float> scaled;
  for (float score : scores) scaled.push_back(scale == 0 ? 0 : static_cast<float>(score / scale));
  return scaled;
}

void DropSpecialTokens(const std::vector<Unit>& units, AttributionEvent* event, std::vector<float>* token_scores) {
  for (const Unit& unit : units) {
    if (unit.is_special) {
      std::fill(token_scores->begin() + unit.begin_token, token_scores->begin() + unit.end_token, 0.f);
    } else {
      event->units.push_back(unit);
    }
  }
  event->card.sum_abs = static_cast<float>(SumAbs(*token_scores));
}

}  // namespace

AttributionEvent MakeAttribution(size_t method_index, TokenScores scores, const std::vector<Unit>& units,
                                 const ExplainRequest& request) {
  AttributionEvent event;
  event.method_index = static_cast<uint32_t>(method_index);
  event.card = std::move(scores.card);
  event.head_scores = std::move(scores.head_scores);
  event.matrix = std::move(scores.matrix);
  event.edits = std::move(scores.edits);
  if (scores.scores.empty()) return event;
  if (request.drop_special_tokens) {
    DropSpecialTokens(units, &event, &scores.scores);
  } else {
    event.units = units;
  }
  event.scores = ScoresByUnit(scores.scores, event.units, request.aggregation);
  event.card.aggregation = request.aggregation;
  if (request.normalization == Normalization::kNone) return event;
  const double scale = ScaleOf(request.normalization, event.scores);
  event.scaled_scores = Scaled(event.scores, scale);
  event.card.normalization = request.normalization;
  event.card.scale = static_cast<float>(scale);
  return event;
}

}  // namespace limpid::explain
