#include "explain/units.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <tuple>
#include <utility>

#include "absl/strings/str_cat.h"

namespace limpid::explain {
namespace {

const std::string& TextOf(const Input& input, int32_t sequence) {
  static const auto& none = *new std::string();
  if (sequence == 0) return input.text;
  return sequence == 1 && input.text_pair.has_value() ? *input.text_pair : none;
}

// Where each sentence of a text ends, in bytes: with ".", "!" or "?" before white space, or with a line.
std::vector<uint32_t> SentenceEnds(const std::string& text) {
  std::vector<uint32_t> ends;
  for (size_t i = 0; i < text.size(); ++i) {
    const bool is_mark = text[i] == '.' || text[i] == '!' || text[i] == '?';
    const bool is_before_space = i + 1 < text.size() && (text[i + 1] == ' ' || text[i + 1] == '\t');
    if (text[i] == '\n' || (is_mark && is_before_space)) ends.push_back(static_cast<uint32_t>(i + 1));
  }
  return ends;
}

// Which tokens belong together: those beside each other with the same key, unless they stand alone.
class Grouping {
 public:
  using Key = std::tuple<int32_t, int, size_t>;  // sequence, kind, number within the kind

  Grouping(Granularity granularity, const Input& input, std::span<const Span> spans)
      : granularity_(granularity), spans_(spans) {
    if (granularity != Granularity::kSentence) return;
    for (int32_t sequence : {0, 1}) ends_[sequence] = SentenceEnds(TextOf(input, sequence));
  }

  bool StandsAlone(const text::Token& token) const {
    return granularity_ == Granularity::kToken || token.is_special || token.word < 0;
  }

  Key KeyOf(const text::Token& token) const {
    if (granularity_ == Granularity::kSentence) {
      const std::vector<uint32_t>& ends = ends_[token.sequence];
      const auto end = std::upper_bound(ends.begin(), ends.end(), token.begin_byte);
      return {token.sequence, 0, static_cast<size_t>(end - ends.begin())};
    }
    for (size_t i = 0; granularity_ == Granularity::kSpan && i < spans_.size(); ++i) {
      const Span& span = spans_[i];
      const bool is_inside = span.begin_byte <= token.begin_byte && token.begin_byte < span.end_byte;
      if (is_inside && span.sequence == token.sequence) return {token.sequence, 1, i};
    }
    return {token.sequence, 2, static_cast<size_t>(token.word)};
  }

 private:
  const Granularity granularity_;
  const std::span<const Span> spans_;
  std::vector<uint32_t> ends_[2];
};

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

absl::Status CheckSpans(const std::vector<Span>& spans, const Input& input, const std::string& field) {
  for (size_t i = 0; i < spans.size(); ++i) {
    const Span& span = spans[i];
    const auto error = [&](const std::string& what) {
      return absl::InvalidArgumentError(absl::StrCat(field, "[", i, "]", what));
    };
    if (span.sequence != 0 && span.sequence != 1) {
      return error(absl::StrCat(".sequence: is ", span.sequence, ", must be 0 or 1"));
    }
    const size_t size = TextOf(input, span.sequence).size();
    if (span.begin_byte >= span.end_byte || span.end_byte > size) {
      return error(absl::StrCat(": is [", span.begin_byte, ", ", span.end_byte,
                                "), must not be empty and lie in a text of ", size, " bytes"));
    }
    if (i == 0) continue;
    const Span& before = spans[i - 1];
    if (std::pair(span.sequence, span.begin_byte) < std::pair(before.sequence, before.end_byte)) {
      return error(": must come after the one before it, without overlap");
    }
  }
  return absl::OkStatus();
}

std::vector<Unit> MakeUnits(const text::Encoding& encoding, Granularity granularity, const Input& input,
                            std::span<const Span> spans) {
  const Grouping grouping(granularity, input, spans);
  std::vector<Unit> units;
  Grouping::Key key, last_key;
  bool may_grow = false;
  for (uint32_t i = 0; i < encoding.tokens.size(); ++i) {
    const text::Token& token = encoding.tokens[i];
    const bool is_alone = grouping.StandsAlone(token);
    if (!is_alone) key = grouping.KeyOf(token);
    if (may_grow && !is_alone && key == last_key) {
      units.back().end_token = i + 1;
      units.back().end_byte = token.end_byte;
      units.back().end_char = token.end_char;
    } else {
      units.push_back(UnitOf(token, i));
    }
    may_grow = !is_alone;
    last_key = key;
  }
  return units;
}

std::vector<float> ScoresByUnit(const std::vector<float>& token_scores, const std::vector<Unit>& units,
                                Aggregation aggregation) {
  std::vector<float> scores;
  for (const Unit& unit : units) {
    double sum = 0;
    for (uint32_t t = unit.begin_token; t < unit.end_token; ++t) {
      sum += aggregation == Aggregation::kSumAbs ? std::abs(double{token_scores[t]}) : token_scores[t];
    }
    scores.push_back(static_cast<float>(sum));
  }
  return scores;
}

}  // namespace limpid::explain
