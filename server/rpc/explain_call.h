#pragma once

#include "grpcpp/support/byte_buffer.h"
#include "grpcpp/support/server_callback.h"
#include "rpc/environment.h"

namespace limpid::rpc {

// Begins an Explain call: from decoding to its last message. The reactor owns itself until gRPC is done with it.
// `environment` and `metrics` outlive it; `context` is gRPC's; `request` is not looked at later.
grpc::ServerWriteReactor<grpc::ByteBuffer>* StartExplainCall(const Environment& environment,
                                                             telemetry::RpcMetrics* metrics,
                                                             grpc::CallbackServerContext* context,
                                                             const grpc::ByteBuffer& request);

// The same for Generate.
grpc::ServerWriteReactor<grpc::ByteBuffer>* StartGenerateCall(const Environment& environment,
                                                              telemetry::RpcMetrics* metrics,
                                                              grpc::CallbackServerContext* context,
                                                              const grpc::ByteBuffer& request);

}  // namespace limpid::rpc
