#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "absl/status/statusor.h"
#include "engine/engine.h"
#include "explain/event.h"
#include "open_inference/grpc_predict_v2.pb.h"
#include "rpc/open_inference/parameters.h"
#include "rpc/open_inference/tensor.h"

namespace limpid::rpc {

// Most bytes of the tensor `attention`. A unary answer is held as a whole, beside the maps it is made of, so it is for
// small ones; limpid.v1.Explainer streams the others.
inline constexpr uint64_t kMaxAttentionTensorBytes = 16 << 20;

// One text's answer, gathered.
struct TextAnswer {
  explain::PredictionEvent prediction;
  explain::AttributionEvent attribution;           // as it is without a method
  std::vector<explain::AttentionEvent> attention;  // a layer each
};

// An output tensor that a model may have.
struct OutputKind;

// The tensors of an answer, in their order.
using Outputs = std::vector<const OutputKind*>;

// Those that the request names; else the prediction, and what `parameters` ask for. Leaves of `parameters` what they
// need. INVALID_ARGUMENT naming an output that the model lacks, that is named twice, or that needs the parameter
// `method`.
absl::StatusOr<Outputs> ChooseOutputs(const inference::ModelInferRequest& request, const engine::ModelCard& card,
                                      InferParameters* parameters);

// `answers` has one text at least. INVALID_ARGUMENT if the method has no such output; REQUEST_TOO_LARGE for attention.
absl::StatusOr<std::vector<Tensor>> MakeOutputs(const Outputs& outputs, const engine::ModelCard& card,
                                                std::span<const TextAnswer> answers);

// Names, datatypes and shapes of all outputs that the model has.
void DescribeOutputs(const engine::ModelCard& card, inference::ModelMetadataResponse* metadata);

}  // namespace limpid::rpc
