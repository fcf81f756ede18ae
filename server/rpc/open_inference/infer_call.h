#pragma once

#include "grpcpp/support/server_callback.h"
#include "rpc/unary_call.h"

namespace limpid::rpc {

// Begins a ModelInfer call: a limpid.v1 explanation of each text, gathered into tensors. Each is admitted, limited,
// counted and logged as a request of its own, as in an ExplainMany stream; the first that fails ends the call and the
// others.
grpc::ServerUnaryReactor* StartModelInferCall(const UnaryArguments& arguments);

}  // namespace limpid::rpc
