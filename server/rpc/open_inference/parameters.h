#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "limpid/v1/explain.pb.h"
#include "open_inference/grpc_predict_v2.pb.h"

namespace limpid::rpc {

// What the parameters of a ModelInferRequest ask for.
struct InferParameters {
  v1::ExplainRequest request;  // of each text: all but the model and the text; at most one method
  std::string method;          // its name; empty: none
  absl::Duration time_limit = absl::InfiniteDuration();
};

// A parameter is a field of limpid.v1.ExplainRequest by its path (`granularity`, `target.score`), or one of
//   method           a method by its name; `method.steps` and the like are its options
//   target, foil     a class by index or label
//   truncation       of the input
//   priority         1 or 0: interactive, else bulk    as Triton's clients send it
//   timeout          of the request, in microseconds   as Triton's clients send it
// INVALID_ARGUMENT naming the parameter: unknown, of a wrong type, or of a field that these answers have no place for.
absl::StatusOr<InferParameters> ReadInferParameters(const inference::ModelInferRequest& request);

}  // namespace limpid::rpc
