#include "rpc/service.h"

#include "rpc/explain_call.h"
#include "rpc/explain_many_item.h"
#include "rpc/many_call.h"
#include "rpc/model_call.h"

namespace limpid::rpc {

Service::Service(const Environment& environment)
    : environment_(environment),
      explain_(environment.metrics->AddRpc("Explain")),
      explain_many_(environment.metrics->AddRpc("ExplainMany")),
      generate_(environment.metrics->AddRpc("Generate")),
      predict_(environment.metrics->AddRpc("Predict")),
      tokenize_(environment.metrics->AddRpc("Tokenize")),
      estimate_cost_(environment.metrics->AddRpc("EstimateCost")),
      list_models_(environment.metrics->AddRpc("ListModels")),
      get_model_(environment.metrics->AddRpc("GetModel")) {}

grpc::ServerWriteReactor<grpc::ByteBuffer>* Service::Explain(grpc::CallbackServerContext* context,
                                                             const grpc::ByteBuffer* request) {
  return StartExplainCall(environment_, explain_, context, *request);
}

grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer>* Service::ExplainMany(
    grpc::CallbackServerContext* context) {
  return StartManyCall(environment_, {"ExplainMany", StartExplainManyItem}, explain_many_, context);
}

grpc::ServerWriteReactor<grpc::ByteBuffer>* Service::Generate(grpc::CallbackServerContext* context,
                                                              const grpc::ByteBuffer* request) {
  return StartGenerateCall(environment_, generate_, context, *request);
}

grpc::ServerUnaryReactor* Service::Predict(grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
                                           grpc::ByteBuffer* response) {
  return StartPredictCall({environment_, predict_, context, *request, response});
}

grpc::ServerUnaryReactor* Service::Tokenize(grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
                                            grpc::ByteBuffer* response) {
  return StartTokenizeCall({environment_, tokenize_, context, *request, response});
}

grpc::ServerUnaryReactor* Service::EstimateCost(grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
                                                grpc::ByteBuffer* response) {
  return StartEstimateCostCall({environment_, estimate_cost_, context, *request, response});
}

grpc::ServerUnaryReactor* Service::ListModels(grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
                                              grpc::ByteBuffer* response) {
  return StartListModelsCall({environment_, list_models_, context, *request, response});
}

grpc::ServerUnaryReactor* Service::GetModel(grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
                                            grpc::ByteBuffer* response) {
  return StartGetModelCall({environment_, get_model_, context, *request, response});
}

}  // namespace limpid::rpc
