#pragma once

#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "engine/row.h"
#include "explain/method.h"
#include "explain/request.h"
#include "limpid/v1/explain.pb.h"

// Options that several methods have, read. INVALID_ARGUMENT naming the option, which is `name`.
namespace limpid::methods {

absl::StatusOr<engine::AttachPoint> ReadAttachPoint(v1::AttachPoint point, const char* name = "attach_point");
absl::StatusOr<explain::Reduction> ReadReduction(v1::Reduction reduction, const char* name = "reduction");
absl::StatusOr<explain::Replacement> ReadReplacement(v1::Replacement replacement, const char* name = "replacement");
absl::StatusOr<explain::Granularity> ReadGranularity(v1::Granularity granularity, const char* name);

// At most 256.
absl::StatusOr<std::vector<explain::Span>> ReadSpans(const google::protobuf::RepeatedPtrField<v1::Span>& spans,
                                                     const char* name);

// `unset` for 0; else in [least, most].
absl::StatusOr<uint32_t> ReadCount(uint32_t count, uint32_t unset, uint32_t least, uint32_t most, const char* name);
// `unset` for 0; else in [least, most], which NaN is not.
absl::StatusOr<float> ReadNumber(float number, float unset, float least, float most, const char* name);

// Intervals of a NestedIntegral at most: `unset` 128; a power of two.
absl::StatusOr<uint32_t> ReadMostIntervals(uint32_t steps);

// Negative layers count from the end of the `count` that there are: in [0, count).
absl::StatusOr<int32_t> ResolveLayer(int32_t layer, int64_t count);

// Of methods whose time grows faster than the text: INVALID_ARGUMENT naming the limit.
absl::Status CheckNumTokens(const explain::MethodInput& input, size_t most);

absl::Status UnknownValue(const char* name, int value);

}  // namespace limpid::methods
