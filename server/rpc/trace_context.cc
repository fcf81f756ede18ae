#include "rpc/trace_context.h"

#include "absl/strings/str_cat.h"
#include "rpc/random_id.h"

namespace limpid::rpc {
namespace {

// version "-" trace-id "-" parent-id "-" trace-flags
constexpr size_t kVersionDigits = 2, kTraceIdDigits = 32, kSpanIdDigits = 16, kFlagsDigits = 2;
constexpr size_t kSize = kVersionDigits + 1 + kTraceIdDigits + 1 + kSpanIdDigits + 1 + kFlagsDigits;

bool IsLowerHex(std::string_view text) { return text.find_first_not_of("0123456789abcdef") == std::string_view::npos; }

bool IsId(std::string_view text) { return IsLowerHex(text) && text.find_first_not_of('0') != std::string_view::npos; }

// Of two hex digits: the lowest bit.
bool LowestBit(std::string_view flags) {
  return std::string_view("13579bdf").find(flags.back()) != std::string_view::npos;
}

}  // namespace

std::optional<TraceContext> ParseTraceparent(std::string_view text) {
  if (text.size() < kSize) return std::nullopt;
  const std::string_view version = text.substr(0, 2), trace_id = text.substr(3, kTraceIdDigits);
  const std::string_view parent_id = text.substr(36, kSpanIdDigits), flags = text.substr(53, kFlagsDigits);
  if (text[2] != '-' || text[35] != '-' || text[52] != '-') return std::nullopt;
  if (!IsLowerHex(version) || version == "ff") return std::nullopt;
  // Later versions may add fields, this one may not.
  if (text.size() > kSize && (version == "00" || text[kSize] != '-')) return std::nullopt;
  if (!IsId(trace_id) || !IsId(parent_id) || !IsLowerHex(flags)) return std::nullopt;
  return TraceContext{.trace_id = std::string(trace_id),
                      .parent_span_id = std::string(parent_id),
                      .span_id = RandomId(),
                      .is_sampled = LowestBit(flags)};
}

std::string FormatTraceparent(const TraceContext& context) {
  return absl::StrCat("00-", context.trace_id, "-", context.span_id, context.is_sampled ? "-01" : "-00");
}

TraceContext ChildOf(const TraceContext& context) {
  return {.trace_id = context.trace_id,
          .parent_span_id = context.span_id,
          .span_id = RandomId(),
          .is_sampled = context.is_sampled};
}

}  // namespace limpid::rpc
