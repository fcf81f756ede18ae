#pragma once

#include "lifecycle/model_host.h"
#include "limpid/v1/admin.grpc.pb.h"
#include "rpc/environment.h"

namespace limpid::rpc {

using RawAdminService = v1::Admin::WithRawCallbackMethod_LoadModel<
    v1::Admin::WithRawCallbackMethod_UnloadModel<v1::Admin::WithRawCallbackMethod_ReloadModel<v1::Admin::Service>>>;

// limpid.v1.Admin on the callback API, raw like Service. Loading runs on the host's thread; the call ends when it has.
class AdminService final : public RawAdminService {
 public:
  // Both outlive the service and all its calls.
  AdminService(const Environment& environment, lifecycle::ModelHost* host);

  grpc::ServerUnaryReactor* LoadModel(grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
                                      grpc::ByteBuffer* response) override;
  grpc::ServerUnaryReactor* UnloadModel(grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
                                        grpc::ByteBuffer* response) override;
  grpc::ServerUnaryReactor* ReloadModel(grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
                                        grpc::ByteBuffer* response) override;

 private:
  const Environment& environment_;
  lifecycle::ModelHost* const host_;
  telemetry::RpcMetrics *const load_model_, *const unload_model_, *const reload_model_;
};

}  // namespace limpid::rpc
