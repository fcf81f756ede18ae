#include "rpc/open_inference/metadata_call.h"

#include <memory>

#include "absl/strings/str_join.h"
#include "base/version.h"
#include "limpid/v1/model.pb.h"
#include "nlohmann/json.hpp"
#include "open_inference/grpc_predict_v2.pb.h"
#include "rpc/encode.h"
#include "rpc/health.h"
#include "rpc/open_inference/find_model.h"
#include "rpc/open_inference/outputs.h"

namespace limpid::rpc {
namespace {

class ModelReadyCall final : public UnaryCall<inference::ModelReadyRequest, inference::ModelReadyResponse> {
 public:
  explicit ModelReadyCall(const UnaryArguments& arguments) : UnaryCall("ModelReady", arguments) {}

 private:
  // A server that is not ready says so, instead of refusing to say.
  absl::Status Enter() override { return record_.caller().authentication; }

  absl::Status Begin(const inference::ModelReadyRequest& message) override {
    const bool is_ready = environment_.health->is_ready();
    if (is_ready) {
      ABSL_RETURN_IF_ERROR(FindModel(*environment_.explainer, message.name(), message.version()).status());
    }
    response_.set_ready(is_ready);
    Conclude(absl::OkStatus());
    return absl::OkStatus();
  }
};

class ServerMetadataCall final : public UnaryCall<inference::ServerMetadataRequest, inference::ServerMetadataResponse> {
 public:
  explicit ServerMetadataCall(const UnaryArguments& arguments) : UnaryCall("ServerMetadata", arguments) {}

 private:
  absl::Status Begin(const inference::ServerMetadataRequest&) override {
    response_.set_name("limpid");
    response_.set_version(kVersion);
    // Parameters of a request; `priority` and `timeout` among them.
    response_.add_extensions("parameters");
    response_.add_extensions("schedule_policy");
    Conclude(absl::OkStatus());
    return absl::OkStatus();
  }
};

void DescribeInput(const char* name, inference::ModelMetadataResponse* metadata) {
  auto* input = metadata->add_inputs();
  input->set_name(name);
  input->set_datatype("BYTES");
  input->add_shape(-1);
}

class ModelMetadataCall final : public UnaryCall<inference::ModelMetadataRequest, inference::ModelMetadataResponse> {
 public:
  explicit ModelMetadataCall(const UnaryArguments& arguments) : UnaryCall("ModelMetadata", arguments) {}

 private:
  absl::Status Begin(const inference::ModelMetadataRequest& message) override {
    const explain::Explainer& explainer = *environment_.explainer;
    ABSL_ASSIGN_OR_RETURN(const auto model, FindModel(explainer, message.name(), message.version()));
    v1::Model card;
    EncodeModel(*model, explainer.limits(), /*is_default=*/false, &card);
    response_.set_name(model->name);
    response_.add_versions(card.identity().weights_sha256());
    response_.set_platform("limpid");
    DescribeInput("text", &response_);
    DescribeInput("text_pair", &response_);
    DescribeOutputs(model->engine->card(), &response_);
    auto& properties = *response_.mutable_properties();
    properties["architecture"] = card.architecture();
    properties["task"] = card.task();
    properties["labels"] = nlohmann::json(model->engine->card().labels).dump();
    properties["methods"] = absl::StrJoin(card.methods(), ",");
    Conclude(absl::OkStatus());
    return absl::OkStatus();
  }
};

}  // namespace

grpc::ServerUnaryReactor* StartModelReadyCall(const UnaryArguments& arguments) {
  return StartCall<ModelReadyCall>(arguments);
}

grpc::ServerUnaryReactor* StartServerMetadataCall(const UnaryArguments& arguments) {
  return StartCall<ServerMetadataCall>(arguments);
}

grpc::ServerUnaryReactor* StartModelMetadataCall(const UnaryArguments& arguments) {
  return StartCall<ModelMetadataCall>(arguments);
}

}  // namespace limpid::rpc
