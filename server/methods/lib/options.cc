#include "methods/lib/options.h"

#include <bit>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "methods/lib/nested_integral.h"

namespace limpid::methods {
namespace {

constexpr int kMaxSpans = 256;

template <typename Number>
absl::StatusOr<Number> ReadInRange(Number number, Number unset, Number least, Number most, const char* name) {
  if (number == 0) return unset;
  if (number >= least && number <= most) return number;
  return absl::InvalidArgumentError(absl::StrCat(name, ": is ", number, ", must be in [", least, ", ", most, "]"));
}

}  // namespace

absl::StatusOr<engine::AttachPoint> ReadAttachPoint(v1::AttachPoint point, const char* name) {
  switch (point) {
    case v1::ATTACH_POINT_UNSPECIFIED:
    case v1::ATTACH_POINT_WORD_EMBEDDING:
      return engine::AttachPoint::kWordEmbedding;
    case v1::ATTACH_POINT_EMBEDDING_SUM:
      return engine::AttachPoint::kEmbeddingSum;
    case v1::ATTACH_POINT_EMBEDDING_OUTPUT:
      return engine::AttachPoint::kEmbeddingOutput;
    default:
      return UnknownValue(name, point);
  }
}

absl::StatusOr<explain::Reduction> ReadReduction(v1::Reduction reduction, const char* name) {
  switch (reduction) {
    case v1::REDUCTION_UNSPECIFIED:
      return explain::Reduction::kDefault;
    case v1::REDUCTION_L2:
      return explain::Reduction::kL2;
    case v1::REDUCTION_L1:
      return explain::Reduction::kL1;
    case v1::REDUCTION_MEAN_ABS:
      return explain::Reduction::kMeanAbs;
    case v1::REDUCTION_SUM:
      return explain::Reduction::kSum;
    default:
      return UnknownValue(name, reduction);
  }
}

absl::StatusOr<explain::Replacement> ReadReplacement(v1::Replacement replacement, const char* name) {
  switch (replacement) {
    case v1::REPLACEMENT_UNSPECIFIED:
      return explain::Replacement::kDefault;
    case v1::REPLACEMENT_MASK:
      return explain::Replacement::kMask;
    case v1::REPLACEMENT_PAD:
      return explain::Replacement::kPad;
    case v1::REPLACEMENT_UNKNOWN:
      return explain::Replacement::kUnknown;
    case v1::REPLACEMENT_ZERO:
      return explain::Replacement::kZero;
    case v1::REPLACEMENT_MEAN:
      return explain::Replacement::kMean;
    case v1::REPLACEMENT_DELETE:
      return explain::Replacement::kDelete;
    case v1::REPLACEMENT_ATTENTION:
      return explain::Replacement::kAttention;
    default:
      return UnknownValue(name, replacement);
  }
}

absl::StatusOr<explain::Granularity> ReadGranularity(v1::Granularity granularity, const char* name) {
  switch (granularity) {
    case v1::GRANULARITY_UNSPECIFIED:
    case v1::GRANULARITY_TOKEN:
      return explain::Granularity::kToken;
    case v1::GRANULARITY_WORD:
      return explain::Granularity::kWord;
    case v1::GRANULARITY_SENTENCE:
      return explain::Granularity::kSentence;
    case v1::GRANULARITY_SPAN:
      return explain::Granularity::kSpan;
    default:
      return UnknownValue(name, granularity);
  }
}

absl::StatusOr<std::vector<explain::Span>> ReadSpans(const google::protobuf::RepeatedPtrField<v1::Span>& spans,
                                                     const char* name) {
  if (spans.size() > kMaxSpans) {
    return absl::InvalidArgumentError(
        absl::StrCat(name, ": ", spans.size(), " are given, at most ", kMaxSpans, " are allowed"));
  }
  std::vector<explain::Span> read;
  for (const v1::Span& span : spans) {
    read.push_back({.begin_byte = span.begin_byte(),
                    .end_byte = span.end_byte(),
                    .sequence = static_cast<int32_t>(span.sequence())});
  }
  return read;
}

absl::StatusOr<uint32_t> ReadCount(uint32_t count, uint32_t unset, uint32_t least, uint32_t most, const char* name) {
  return ReadInRange(count, unset, least, most, name);
}

absl::StatusOr<float> ReadNumber(float number, float unset, float least, float most, const char* name) {
  return ReadInRange(number, unset, least, most, name);
}

absl::StatusOr<uint32_t> ReadMostIntervals(uint32_t steps) {
  ABSL_ASSIGN_OR_RETURN(const uint32_t most, ReadCount(steps, 128, NestedIntegral::kFirstIntervals, 512, "steps"));
  if (std::has_single_bit(most)) return most;
  return absl::InvalidArgumentError(absl::StrCat("steps: is ", most, ", must be a power of two"));
}

absl::StatusOr<int32_t> ResolveLayer(int32_t layer, int64_t count) {
  if (layer >= -count && layer < count) return static_cast<int32_t>(layer < 0 ? layer + count : layer);
  return absl::InvalidArgumentError(absl::StrCat("layer: is ", layer, ", must be in [", -count, ", ", count, ")"));
}

absl::Status CheckNumTokens(const explain::MethodInput& input, size_t most) {
  if (input.num_tokens() <= most) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("input: has ", input.num_tokens(), " tokens, this method takes at most ", most));
}

absl::Status UnknownValue(const char* name, int value) {
  return absl::InvalidArgumentError(absl::StrCat(name, ": unknown value ", value));
}

}  // namespace limpid::methods
