#pragma once

#include "grpcpp/support/server_callback.h"
#include "rpc/unary_call.h"

// What there is. Each begins a call that owns itself until gRPC is done with it.
namespace limpid::rpc {

grpc::ServerUnaryReactor* StartModelReadyCall(const UnaryArguments& arguments);
grpc::ServerUnaryReactor* StartServerMetadataCall(const UnaryArguments& arguments);
grpc::ServerUnaryReactor* StartModelMetadataCall(const UnaryArguments& arguments);

}  // namespace limpid::rpc
