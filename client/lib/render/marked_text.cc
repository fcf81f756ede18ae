#include "lib/render/marked_text.h"

#include <algorithm>
#include <string>

#include "absl/strings/ascii.h"
#include "lib/render/visible_text.h"

namespace limpid::client {
namespace {

constexpr size_t kContextWords = 6;
// Bytes; less than that reads better than a gap.
constexpr size_t kLeastLeftOut = 16;

// Bytes [begin, end) of the text that were replaced, or taken out if `replacement` is empty.
struct Change {
  size_t begin, end;
  std::string replacement;
};

std::vector<Change> ChangesOf(const v1::Edits& edits, std::string_view text, int32_t sequence) {
  std::vector<Change> all;
  for (const v1::Edit& edit : edits.edits()) {
    if (edit.unit().sequence() != sequence) continue;
    all.push_back({edit.unit().begin_byte(), edit.unit().end_byte(), edit.replacement()});
  }
  std::ranges::stable_sort(all, {}, &Change::begin);
  std::vector<Change> joined;
  for (Change& change : all) {
    const size_t done = joined.empty() ? 0 : joined.back().end;
    change.begin = std::max(change.begin, done);
    change.end = std::max(change.end, change.begin);
    const std::string_view gap = text.substr(done, change.begin - done);
    const bool is_next = !joined.empty() && joined.back().replacement.empty() && change.replacement.empty() &&
                         std::ranges::all_of(gap, absl::ascii_isspace);
    if (is_next) {
      joined.back().end = change.end;
    } else {
      joined.push_back(std::move(change));
    }
  }
  return joined;
}

// The first and last so many words with "…" for those between, or all of the text where those are few.
std::string Abridged(std::string_view text, size_t first, size_t last) {
  const std::string visible = VisibleText(text);
  size_t head = visible.starts_with(' ') ? 1 : 0, tail = visible.size();
  for (size_t word = 0; word < first && head < visible.size(); ++word) {
    head = std::min(visible.find(' ', head), visible.size() - 1) + 1;
  }
  for (size_t word = 0; word < last && tail > head; ++word) {
    const size_t space = visible.rfind(' ', tail - 2);
    tail = space == std::string::npos || tail < 2 ? 0 : space + 1;
  }
  if (tail < head + kLeastLeftOut) return visible;
  return visible.substr(0, head) + (last == 0 ? "…" : "… ") + visible.substr(tail);
}

}  // namespace

std::vector<Stretch> MarkedText(const v1::Edits& edits, std::string_view text, int32_t sequence) {
  std::vector<Stretch> marked;
  size_t done = 0;
  for (const Change& change : ChangesOf(edits, text, sequence)) {
    marked.push_back({Abridged(text.substr(done, change.begin - done), done == 0 ? 0 : kContextWords, kContextWords)});
    const std::string old =
        Abridged(text.substr(change.begin, change.end - change.begin), kContextWords, kContextWords);
    if (change.replacement.empty()) {
      marked.push_back({"[-" + old + "]", -1});
    } else {
      marked.push_back({"[" + old, -1});
      marked.push_back({" -> ", 0, /*is_dim=*/true});
      marked.push_back({VisibleText(change.replacement) + "]", 1});
    }
    done = change.end;
  }
  if (!marked.empty()) marked.push_back({Abridged(text.substr(done), kContextWords, 0)});
  return marked;
}

}  // namespace limpid::client
