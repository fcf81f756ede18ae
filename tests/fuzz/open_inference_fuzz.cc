// Bytes as a ModelInferRequest on its way in: texts out of raw or typed contents, parameters, outputs, and the
// ExplainRequests that they ask for.
#include <cstddef>
#include <cstdint>

#include "base/status_macros.h"
#include "fuzz/check.h"
#include "open_inference/grpc_predict_v2.pb.h"
#include "rpc/decode.h"
#include "rpc/open_inference/input_tensors.h"
#include "rpc/open_inference/outputs.h"
#include "rpc/open_inference/parameters.h"
#include "support/fake_engine.h"
#include "text/utf8.h"

namespace limpid {
namespace {

constexpr size_t kMaxTexts = 4;

absl::Status Read(const inference::ModelInferRequest& message, const engine::ModelCard& card) {
  ABSL_ASSIGN_OR_RETURN(const rpc::InputTexts inputs, rpc::ReadInputTexts(message, kMaxTexts));
  FUZZ_CHECK(!inputs.texts.empty() && inputs.texts.size() <= kMaxTexts);
  FUZZ_CHECK(inputs.pairs.empty() || inputs.pairs.size() == inputs.texts.size());
  ABSL_ASSIGN_OR_RETURN(rpc::InferParameters parameters, rpc::ReadInferParameters(message));
  FUZZ_CHECK(parameters.request.methods_size() == (parameters.method.empty() ? 0 : 1));
  ABSL_ASSIGN_OR_RETURN(const rpc::Outputs outputs, rpc::ChooseOutputs(message, card, &parameters));
  FUZZ_CHECK(!outputs.empty());
  for (const std::string& text : inputs.texts) {
    FUZZ_CHECK(!text::FindInvalidUtf8(text).has_value());
    parameters.request.mutable_input()->set_text(text);
    ABSL_RETURN_IF_ERROR(rpc::DecodeExplainRequest(parameters.request).status());
  }
  return absl::OkStatus();
}

}  // namespace
}  // namespace limpid

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace limpid;
  inference::ModelInferRequest message;
  if (!message.ParseFromArray(data, static_cast<int>(size))) return 0;
  for (const engine::ModelCard& card : {testing::ClassifierCard(), testing::EncoderCard()}) {
    const absl::Status status = Read(message, card);
    FUZZ_CHECK(status.ok() || status.code() == absl::StatusCode::kInvalidArgument);
  }
  return 0;
}
