#include "lib/render/unit_text.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/ascii.h"
#include "lib/render/visible_text.h"

namespace limpid::client {

std::string_view SentTexts::Of(int32_t sequence) const {
  if (sequence == 0) return text;
  return sequence == 1 ? pair : std::string_view();
}

std::string_view Slice(const SentTexts& texts, const v1::Unit& unit) {
  const std::string_view text = texts.Of(unit.sequence());
  if (unit.end_byte() > text.size()) return {};
  return text.substr(unit.begin_byte(), unit.end_byte() - unit.begin_byte());
}

std::string UnitLabel(const SentTexts& texts, const v1::Prediction& prediction, const v1::Unit& unit) {
  std::string slice(Slice(texts, unit));
  absl::StripAsciiWhitespace(&slice);
  if (!slice.empty()) return VisibleText(slice);
  std::string spelling;
  const auto end = std::min(unit.end_token(), static_cast<uint32_t>(prediction.tokens_size()));
  for (uint32_t token = unit.begin_token(); token < end; ++token) {
    spelling += prediction.tokens(static_cast<int>(token)).text();
  }
  return VisibleText(spelling);
}

double LargestTextScore(const v1::Attribution& attribution) {
  double largest = 0;
  for (int i = 0; i < attribution.scores_size(); ++i) {
    const double size = std::abs(attribution.scores(i));
    if (!attribution.units(i).is_special() && std::isfinite(size)) largest = std::max(largest, size);
  }
  return largest;
}

}  // namespace limpid::client
