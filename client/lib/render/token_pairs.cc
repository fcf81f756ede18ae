#include "lib/render/token_pairs.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "lib/render/bars.h"
#include "lib/render/visible_text.h"

namespace limpid::client {
namespace {

constexpr size_t kPairs = 10, kLabelColumns = 20, kBarColumns = 12;

struct Pair {
  const v1::Token* token;
  const v1::Token* other;
  double score;
};

std::string Label(const v1::Token& token) { return Shortened(VisibleText(token.text()), kLabelColumns); }

}  // namespace

std::string TokenPairs(const v1::Attribution& attribution, const v1::Prediction& prediction, std::optional<size_t> top,
                       const Palette& palette) {
  const v1::TokenMatrix& matrix = attribution.matrix();
  std::vector<Pair> pairs;
  double special = 0, all = 0;
  for (int i = 0; i < matrix.values_size(); ++i) {
    const v1::Token& token = prediction.tokens(i / matrix.other_tokens_size());
    const v1::Token& other = matrix.other_tokens(i % matrix.other_tokens_size());
    const double score = matrix.values(i);
    all += std::abs(score);
    if (token.is_special() || other.is_special()) {
      special += std::abs(score);
    } else {
      pairs.push_back({&token, &other, score});
    }
  }
  const size_t num_pairs = pairs.size(), shown = std::min(num_pairs, top.value_or(kPairs));
  std::ranges::stable_sort(pairs, std::ranges::greater(), [](const Pair& pair) { return std::abs(pair.score); });
  pairs.resize(shown);

  size_t left = 0, right = 0;
  for (const Pair& pair : pairs) {
    left = std::max(left, DisplayWidth(Label(*pair.token)));
    right = std::max(right, DisplayWidth(Label(*pair.other)));
  }
  std::string list =
      palette.Dim(absl::StrFormat("  the strongest %d of %d pairs, input ~ other text:", shown, num_pairs));
  list += "\n";
  const double largest = pairs.empty() ? 0 : std::abs(pairs.front().score);
  for (const Pair& pair : pairs) {
    const double share = largest > 0 ? pair.score / largest : 0;
    absl::StrAppend(&list, "  ", PaddedRight(Label(*pair.token), left), " ~ ", PaddedRight(Label(*pair.other), right),
                    "  ", palette.InInk(TwoSidedBar(share, kBarColumns), share),
                    absl::StrFormat("  %10s\n", ScoreText(pair.score, largest, attribution.card().is_signed())));
  }
  if (special > 0) {
    absl::StrAppend(
        &list, palette.Dim(absl::StrCat("  pairs with special tokens: ", Percent(special / all), " of all")), "\n");
  }
  return list;
}

}  // namespace limpid::client
