#pragma once

#include "absl/status/statusor.h"
#include "explain/request.h"
#include "limpid/v1/explain.pb.h"

// Messages to plain requests. Checks what only the wire can get wrong (an unknown enum value, a oneof that is not set,
// fields that exclude each other) and answers INVALID_ARGUMENT naming the field; all other checks need the model and
// belong to the explain room.
namespace limpid::rpc {

absl::StatusOr<explain::ExplainRequest> DecodeExplainRequest(const v1::ExplainRequest& request);

absl::StatusOr<explain::GenerateRequest> DecodeGenerateRequest(const v1::GenerateRequest& request);

// An ExplainRequest without methods.
absl::StatusOr<explain::ExplainRequest> DecodePredictRequest(const v1::PredictRequest& request);

absl::StatusOr<explain::Input> DecodeInput(const v1::Input& input);

}  // namespace limpid::rpc
