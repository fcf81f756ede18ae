#pragma once

#include "grpcpp/support/server_callback.h"
#include "rpc/unary_call.h"

// The unary RPCs. Each begins a call that owns itself until gRPC is done with it.
namespace limpid::rpc {

grpc::ServerUnaryReactor* StartPredictCall(const UnaryArguments& arguments);
grpc::ServerUnaryReactor* StartTokenizeCall(const UnaryArguments& arguments);
grpc::ServerUnaryReactor* StartEstimateCostCall(const UnaryArguments& arguments);
grpc::ServerUnaryReactor* StartListModelsCall(const UnaryArguments& arguments);
grpc::ServerUnaryReactor* StartGetModelCall(const UnaryArguments& arguments);

}  // namespace limpid::rpc
