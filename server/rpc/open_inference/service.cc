#include "rpc/open_inference/service.h"

#include "rpc/health.h"
#include "rpc/many_call.h"
#include "rpc/open_inference/infer_call.h"
#include "rpc/open_inference/metadata_call.h"
#include "rpc/open_inference/stream_item.h"

namespace limpid::rpc {

OpenInferenceService::OpenInferenceService(const Environment& environment)
    : environment_(environment),
      model_ready_(environment.metrics->AddRpc("ModelReady")),
      server_metadata_(environment.metrics->AddRpc("ServerMetadata")),
      model_metadata_(environment.metrics->AddRpc("ModelMetadata")),
      model_infer_(environment.metrics->AddRpc("ModelInfer")),
      model_stream_infer_(environment.metrics->AddRpc("ModelStreamInfer")) {}

grpc::ServerUnaryReactor* OpenInferenceService::ServerLive(grpc::CallbackServerContext* context,
                                                           const inference::ServerLiveRequest*,
                                                           inference::ServerLiveResponse* response) {
  response->set_live(environment_.health->is_alive());
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  reactor->Finish(grpc::Status::OK);
  return reactor;
}

grpc::ServerUnaryReactor* OpenInferenceService::ServerReady(grpc::CallbackServerContext* context,
                                                            const inference::ServerReadyRequest*,
                                                            inference::ServerReadyResponse* response) {
  response->set_ready(environment_.health->is_ready());
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  reactor->Finish(grpc::Status::OK);
  return reactor;
}

grpc::ServerUnaryReactor* OpenInferenceService::ModelReady(grpc::CallbackServerContext* context,
                                                           const grpc::ByteBuffer* request,
                                                           grpc::ByteBuffer* response) {
  return StartModelReadyCall({environment_, model_ready_, context, *request, response});
}

grpc::ServerUnaryReactor* OpenInferenceService::ServerMetadata(grpc::CallbackServerContext* context,
                                                               const grpc::ByteBuffer* request,
                                                               grpc::ByteBuffer* response) {
  return StartServerMetadataCall({environment_, server_metadata_, context, *request, response});
}

grpc::ServerUnaryReactor* OpenInferenceService::ModelMetadata(grpc::CallbackServerContext* context,
                                                              const grpc::ByteBuffer* request,
                                                              grpc::ByteBuffer* response) {
  return StartModelMetadataCall({environment_, model_metadata_, context, *request, response});
}

grpc::ServerUnaryReactor* OpenInferenceService::ModelInfer(grpc::CallbackServerContext* context,
                                                           const grpc::ByteBuffer* request,
                                                           grpc::ByteBuffer* response) {
  return StartModelInferCall({environment_, model_infer_, context, *request, response});
}

grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer>* OpenInferenceService::ModelStreamInfer(
    grpc::CallbackServerContext* context) {
  return StartManyCall(environment_, {"ModelStreamInfer", StartStreamItem}, model_stream_infer_, context);
}

}  // namespace limpid::rpc
