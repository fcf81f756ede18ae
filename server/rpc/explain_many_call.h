#pragma once

#include "grpcpp/support/byte_buffer.h"
#include "grpcpp/support/server_callback.h"
#include "rpc/environment.h"

namespace limpid::rpc {

// Begins an ExplainMany call. The stream is read while fewer than Environment::max_requests_per_stream requests are
// under way (from their arrival until their last message has left), so a slow reader stops its own stream and nothing
// else. Ends with OK after the caller has closed his side and all requests are answered. Ownership as StartExplainCall.
grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer>* StartExplainManyCall(const Environment& environment,
                                                                                  telemetry::RpcMetrics* metrics,
                                                                                  grpc::CallbackServerContext* context);

}  // namespace limpid::rpc
