#include "lib/request/attention_spec.h"

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace limpid::client {
namespace {

// Far above any model; a typing slip such as 0-1000000 ends here rather than at the server.
constexpr int64_t kMaxNumbers = 1024;

using Numbers = google::protobuf::RepeatedField<int32_t>;

struct Range {
  int32_t first, last;
};

// "3", "-1" or "3-5": a hyphen after a digit makes a range, one before it a sign.
std::optional<Range> ParseRange(absl::string_view text) {
  const size_t hyphen = text.find('-', 1);
  Range range;
  if (!absl::SimpleAtoi(text.substr(0, hyphen), &range.first)) return std::nullopt;
  range.last = range.first;
  if (hyphen != absl::string_view::npos && !absl::SimpleAtoi(text.substr(hyphen + 1), &range.last)) return std::nullopt;
  return range;
}

absl::Status ParseNumbers(absl::string_view list, absl::string_view spec, Numbers* numbers) {
  if (list == "all") return absl::OkStatus();
  for (absl::string_view text : absl::StrSplit(list, ',')) {
    const std::optional<Range> range = ParseRange(text);
    if (!range.has_value() || range->last < range->first) {
      return absl::InvalidArgumentError(
          absl::StrCat("--attention ", spec, ": \"", text,
                       "\" is neither a number nor a range such as 3-5; write all, none or LAYERS[:HEADS]"));
    }
    if (int64_t{range->last} - range->first + numbers->size() >= kMaxNumbers) {
      return absl::InvalidArgumentError(
          absl::StrCat("--attention ", spec, ": more than ", kMaxNumbers, " layers or heads"));
    }
    for (int32_t number = range->first; number <= range->last; ++number) numbers->Add(number);
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::optional<v1::AttentionSelection>> ParseAttention(absl::string_view spec) {
  if (spec == "none") return std::nullopt;
  v1::AttentionSelection selection;
  const std::vector<absl::string_view> sides = absl::StrSplit(spec, absl::MaxSplits(':', 1));
  if (const absl::Status layers = ParseNumbers(sides[0], spec, selection.mutable_layers()); !layers.ok()) return layers;
  if (sides.size() == 2) {
    if (const absl::Status heads = ParseNumbers(sides[1], spec, selection.mutable_heads()); !heads.ok()) return heads;
  }
  return selection;
}

}  // namespace limpid::client
