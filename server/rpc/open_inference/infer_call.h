#pragma once

#include "grpcpp/support/server_callback.h"
#include "rpc/unary_call.h"

namespace limpid::rpc {

// Begins a ModelInfer call: one Inference.
grpc::ServerUnaryReactor* StartModelInferCall(const UnaryArguments& arguments);

}  // namespace limpid::rpc
