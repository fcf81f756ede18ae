#pragma once

#include "open_inference/grpc_predict_v2.grpc.pb.h"
#include "rpc/environment.h"

namespace limpid::rpc {

// Raw like Service, but for the two that read nothing.
using RawOpenInferenceService = inference::GRPCInferenceService::WithCallbackMethod_ServerLive<
    inference::GRPCInferenceService::WithCallbackMethod_ServerReady<
        inference::GRPCInferenceService::WithRawCallbackMethod_ModelReady<
            inference::GRPCInferenceService::WithRawCallbackMethod_ServerMetadata<
                inference::GRPCInferenceService::WithRawCallbackMethod_ModelMetadata<
                    inference::GRPCInferenceService::WithRawCallbackMethod_ModelInfer<
                        inference::GRPCInferenceService::WithRawCallbackMethod_ModelStreamInfer<
                            inference::GRPCInferenceService::Service>>>>>>>;

// inference.GRPCInferenceService (Open Inference Protocol, version 2) on the callback API: another form of the same
// requests, with the same gate, limits and metrics. Starts one call object per RPC and keeps no state of its own.
class OpenInferenceService final : public RawOpenInferenceService {
 public:
  // `environment` outlives the service and all its calls.
  explicit OpenInferenceService(const Environment& environment);

  // As grpc.health.v1: open to all, and neither counted nor logged.
  grpc::ServerUnaryReactor* ServerLive(grpc::CallbackServerContext* context,
                                       const inference::ServerLiveRequest* request,
                                       inference::ServerLiveResponse* response) override;
  grpc::ServerUnaryReactor* ServerReady(grpc::CallbackServerContext* context,
                                        const inference::ServerReadyRequest* request,
                                        inference::ServerReadyResponse* response) override;

  grpc::ServerUnaryReactor* ModelReady(grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
                                       grpc::ByteBuffer* response) override;
  grpc::ServerUnaryReactor* ServerMetadata(grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
                                           grpc::ByteBuffer* response) override;
  grpc::ServerUnaryReactor* ModelMetadata(grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
                                          grpc::ByteBuffer* response) override;
  grpc::ServerUnaryReactor* ModelInfer(grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
                                       grpc::ByteBuffer* response) override;
  grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer>* ModelStreamInfer(
      grpc::CallbackServerContext* context) override;

 private:
  const Environment& environment_;
  telemetry::RpcMetrics *const model_ready_,
      *const server_metadata_, *const model_metadata_, *const model_infer_, *const model_stream_infer_;
};

}  // namespace limpid::rpc
