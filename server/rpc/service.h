#pragma once

#include "limpid/v1/explain.grpc.pb.h"
#include "rpc/environment.h"

namespace limpid::rpc {

// Every RPC raw: bytes in, bytes out (wire.h says why).
using RawService = v1::Explainer::WithRawCallbackMethod_Explain<
    v1::Explainer::WithRawCallbackMethod_ExplainMany<v1::Explainer::WithRawCallbackMethod_Generate<
        v1::Explainer::WithRawCallbackMethod_Predict<v1::Explainer::WithRawCallbackMethod_Tokenize<
            v1::Explainer::WithRawCallbackMethod_EstimateCost<v1::Explainer::WithRawCallbackMethod_ListModels<
                v1::Explainer::WithRawCallbackMethod_GetModel<v1::Explainer::Service>>>>>>>>;

// limpid.v1.Explainer on the callback API: starts one call object per RPC and keeps no state of its own.
class Service final : public RawService {
 public:
  // `environment` outlives the service and all its calls.
  explicit Service(const Environment& environment);

  grpc::ServerWriteReactor<grpc::ByteBuffer>* Explain(grpc::CallbackServerContext* context,
                                                      const grpc::ByteBuffer* request) override;
  grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer>* ExplainMany(
      grpc::CallbackServerContext* context) override;
  grpc::ServerWriteReactor<grpc::ByteBuffer>* Generate(grpc::CallbackServerContext* context,
                                                       const grpc::ByteBuffer* request) override;
  grpc::ServerUnaryReactor* Predict(grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
                                    grpc::ByteBuffer* response) override;
  grpc::ServerUnaryReactor* Tokenize(grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
                                     grpc::ByteBuffer* response) override;
  grpc::ServerUnaryReactor* EstimateCost(grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
                                         grpc::ByteBuffer* response) override;
  grpc::ServerUnaryReactor* ListModels(grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
                                       grpc::ByteBuffer* response) override;
  grpc::ServerUnaryReactor* GetModel(grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
                                     grpc::ByteBuffer* response) override;

 private:
  const Environment& environment_;
  telemetry::RpcMetrics *const explain_,
      *const explain_many_, *const generate_, *const predict_, *const tokenize_, *const estimate_cost_,
                                                                                     *const list_models_,
                                                                                         *const get_model_;
};

}  // namespace limpid::rpc
