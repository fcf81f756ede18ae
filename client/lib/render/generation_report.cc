#include "lib/render/generation_report.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "lib/render/unit_text.h"
#include "lib/render/visible_text.h"

namespace limpid::client {
namespace {

// Listed of the units before a token.
constexpr size_t kStrongest = 5;

const char* Meaning(v1::Generation::FinishReason reason) {
  switch (reason) {
    case v1::Generation::FINISH_REASON_END:
      return "the model ended the text";
    case v1::Generation::FINISH_REASON_STOP:
      return "a stop text came";
    case v1::Generation::FINISH_REASON_COMPLETION:
      return "the whole completion was taken";
    default:
      return "as many tokens as were allowed";
  }
}

}  // namespace

std::string GenerationReport::Add(const v1::GenerateResponse& part) {
  switch (part.part_case()) {
    case v1::GenerateResponse::kPrediction:
      prediction_ = part.prediction();
      return "";
    case v1::GenerateResponse::kToken:
      return Token(part.token());
    case v1::GenerateResponse::kAttribution:
      return part.attribution().is_refining() ? "" : Why(part.attribution());
    case v1::GenerateResponse::kSummary:
      return End(part.summary());
    default:
      return "";
  }
}

std::string GenerationReport::Token(const v1::GeneratedToken& token) {
  *prediction_.add_tokens() = token.token();
  generated_ += token.text();
  if (request_.methods().empty()) return VisibleLines(token.text());
  std::string text = token.text();
  absl::StripAsciiWhitespace(&text);
  const std::string label = VisibleText(text.empty() ? token.token().text() : text);
  return absl::StrFormat("%s  %s\n", PaddedRight(palette_.Bold(label), 20),
                         palette_.Dim(absl::StrFormat("p %.3f", std::exp(token.log_prob()))));
}

std::string GenerationReport::Why(const v1::Attribution& attribution) const {
  const SentTexts texts = {.text = request_.input().text(), .pair = generated_};
  std::vector<int> order(static_cast<size_t>(attribution.scores_size()));
  std::iota(order.begin(), order.end(), 0);
  const auto size = [&](int i) { return std::abs(attribution.scores(i)); };
  std::stable_sort(order.begin(), order.end(), [&](int a, int b) { return size(a) > size(b); });
  order.resize(std::min(order.size(), kStrongest));
  std::string line = absl::StrCat("    ", attribution.card().method(), ":");
  for (const int i : order) {
    const std::string score = absl::StrFormat("%.3g", attribution.scores(i));
    absl::StrAppend(&line, "  ",
                    palette_.InInk(UnitLabel(texts, prediction_, attribution.units(i)), attribution.scores(i)), " ",
                    palette_.Dim(score));
  }
  return line + "\n";
}

std::string GenerationReport::End(const v1::Summary& summary) const {
  const v1::Generation& generation = summary.generation();
  const double seconds = summary.timings().total_ms() / 1000;
  return absl::StrCat(
      request_.methods().empty() ? "\n" : "",
      palette_.Dim(absl::StrFormat("%d tokens in %.2f s (%.1f/s), the first after %.0f ms: %s; %s", generation.tokens(),
                                   seconds, generation.tokens() / std::max(seconds, 1e-9), generation.first_token_ms(),
                                   Meaning(generation.finish_reason()), VisibleText(summary.model().name()))),
      "\n");
}

}  // namespace limpid::client
