#pragma once

#include "grpcpp/support/byte_buffer.h"
#include "grpcpp/support/server_callback.h"
#include "rpc/environment.h"
#include "rpc/item_stream.h"

namespace limpid::rpc {

// What a stream of many requests is called in the log, and what each of its messages begins.
struct ManyKind {
  const char* rpc;
  ItemStarter start_item;
};

// Begins a call with many requests. The stream is read while fewer than Environment::max_requests_per_stream requests
// are under way (from their arrival until their last message has left), so a slow reader stops its own stream and
// nothing else. Ends with OK after the caller has closed his side and all requests are answered. Ownership as
// StartExplainCall.
grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer>* StartManyCall(const Environment& environment,
                                                                           const ManyKind& kind,
                                                                           telemetry::RpcMetrics* metrics,
                                                                           grpc::CallbackServerContext* context);

}  // namespace limpid::rpc
