#include "rpc/admin_service.h"

#include <memory>
#include <utility>

#include "limpid/v1/admin.pb.h"
#include "rpc/encode.h"
#include "rpc/unary_call.h"

namespace limpid::rpc {
namespace {

using ModelOr = absl::StatusOr<std::shared_ptr<const explain::Model>>;

// What the three have in common: the answer is a model's card. A caller who goes meanwhile changes nothing: what he
// asked for is done to the end.
template <typename Request, typename Response>
class AdminCall : public UnaryCall<Request, Response> {
 public:
  AdminCall(const UnaryArguments& arguments, const char* rpc, lifecycle::ModelHost* host)
      : UnaryCall<Request, Response>(rpc, arguments), host_(host) {}

 protected:
  void ConcludeWith(const ModelOr& model) {
    if (!model.ok()) return this->Conclude(model.status());
    const absl::Status survived = Guarded([&] {
      const explain::Explainer& explainer = *this->environment_.explainer;
      const bool is_default = (*model)->name == explainer.models().default_name();
      EncodeModel(**model, explainer.limits(), is_default, this->response_.mutable_model());
    });
    this->Conclude(survived);
  }

  // The call lives at least until it is concluded.
  lifecycle::ModelHost::OnModel Concluding() {
    return [this](const ModelOr& model) { ConcludeWith(model); };
  }

  lifecycle::ModelHost* const host_;
};

class LoadModelCall final : public AdminCall<v1::LoadModelRequest, v1::LoadModelResponse> {
 public:
  using AdminCall::AdminCall;

 private:
  absl::Status Begin(const v1::LoadModelRequest& request) override {
    host_->Load({.name = request.name(), .folder = request.folder(), .weights_sha256 = request.weights_sha256()},
                Concluding());
    return absl::OkStatus();
  }
};

class ReloadModelCall final : public AdminCall<v1::ReloadModelRequest, v1::ReloadModelResponse> {
 public:
  using AdminCall::AdminCall;

 private:
  absl::Status Begin(const v1::ReloadModelRequest& request) override {
    host_->Reload({.name = request.name(), .folder = request.folder(), .weights_sha256 = request.weights_sha256()},
                  Concluding());
    return absl::OkStatus();
  }
};

class UnloadModelCall final : public AdminCall<v1::UnloadModelRequest, v1::UnloadModelResponse> {
 public:
  using AdminCall::AdminCall;

 private:
  absl::Status Begin(const v1::UnloadModelRequest& request) override {
    ConcludeWith(host_->Unload(request.name()));
    return absl::OkStatus();
  }
};

}  // namespace

AdminService::AdminService(const Environment& environment, lifecycle::ModelHost* host)
    : environment_(environment),
      host_(host),
      load_model_(environment.metrics->AddRpc("LoadModel")),
      unload_model_(environment.metrics->AddRpc("UnloadModel")),
      reload_model_(environment.metrics->AddRpc("ReloadModel")) {}

grpc::ServerUnaryReactor* AdminService::LoadModel(grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
                                                  grpc::ByteBuffer* response) {
  return StartCall<LoadModelCall>({environment_, load_model_, context, *request, response}, "LoadModel", host_);
}

grpc::ServerUnaryReactor* AdminService::UnloadModel(grpc::CallbackServerContext* context,
                                                    const grpc::ByteBuffer* request, grpc::ByteBuffer* response) {
  return StartCall<UnloadModelCall>({environment_, unload_model_, context, *request, response}, "UnloadModel", host_);
}

grpc::ServerUnaryReactor* AdminService::ReloadModel(grpc::CallbackServerContext* context,
                                                    const grpc::ByteBuffer* request, grpc::ByteBuffer* response) {
  return StartCall<ReloadModelCall>({environment_, reload_model_, context, *request, response}, "ReloadModel", host_);
}

}  // namespace limpid::rpc
