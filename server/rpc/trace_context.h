#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace limpid::rpc {

inline constexpr char kTraceparentKey[] = "traceparent";

// A request's place in a distributed trace (W3C Trace Context, level 1).
struct TraceContext {
  std::string trace_id;        // 32 hex digits
  std::string parent_span_id;  // 16 hex digits: the caller's span
  std::string span_id;         // 16 hex digits: ours, made here
  bool is_sampled = false;
};

// The caller's context with a new span of ours in it. Nothing for what the specification (3.2.2) calls invalid: it says
// to go on as if it had not been sent.
std::optional<TraceContext> ParseTraceparent(std::string_view text);

// Ours, in the form of version 00.
std::string FormatTraceparent(const TraceContext& context);

// A part of the same request with a span of its own.
TraceContext ChildOf(const TraceContext& context);

}  // namespace limpid::rpc
