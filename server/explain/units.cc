#include "explain/units.h"

#include <numeric>

namespace limpid::explain {
namespace {

bool ContinuesWord(const text::Token& previous, const text::Token& token) {
  return token.word >= 0 && token.word == previous.word && token.sequence == previous.sequence;
}

Unit UnitOf(const text::Token& token, uint32_t index) {
  return {.begin_token = index,
          .end_token = index + 1,
          .sequence = token.sequence,
          .is_special = token.is_special,
          .begin_byte = token.begin_byte,
          .end_byte = token.end_byte,
          .begin_char = token.begin_char,
          .end_char = token.end_char};
}

}  // namespace

std::vector<Unit> MakeUnits(const text::Encoding& encoding, Granularity granularity) {
  std::vector<Unit> units;
  for (uint32_t i = 0; i < encoding.tokens.size(); ++i) {
    const text::Token& token = encoding.tokens[i];
    if (granularity == Granularity::kToken || i == 0 || !ContinuesWord(encoding.tokens[i - 1], token)) {
      units.push_back(UnitOf(token, i));
    } else {
      units.back().end_token = i + 1;
      units.back().end_byte = token.end_byte;
      units.back().end_char = token.end_char;
    }
  }
  return units;
}

std::vector<float> SumByUnit(const std::vector<float>& token_scores, const std::vector<Unit>& units) {
  std::vector<float> sums;
  for (const Unit& unit : units) {
    sums.push_back(static_cast<float>(
        std::accumulate(token_scores.begin() + unit.begin_token, token_scores.begin() + unit.end_token, 0.0)));
  }
  return sums;
}

}  // namespace limpid::explain
