// Bytes as a traceparent header: nothing, or a context whose ids are those of the header and which formats to one that
// is read back the same.
#include <cstdint>

#include "fuzz/check.h"
#include "rpc/trace_context.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace limpid::rpc;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto context = ParseTraceparent(text);
  if (!context.has_value()) return 0;
  FUZZ_CHECK(context->trace_id == text.substr(3, 32) && context->parent_span_id == text.substr(36, 16));
  const auto again = ParseTraceparent(FormatTraceparent(*context));
  FUZZ_CHECK(again.has_value());
  FUZZ_CHECK(again->trace_id == context->trace_id && again->parent_span_id == context->span_id);
  FUZZ_CHECK(again->is_sampled == context->is_sampled);
  return 0;
}
