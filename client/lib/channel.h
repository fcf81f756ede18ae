#pragma once

#include <memory>
#include <string>

#include "grpcpp/channel.h"

namespace limpid::client {

inline constexpr char kDefaultServer[] = "127.0.0.1:50051";

// A plaintext channel to `address` (HOST:PORT, or any gRPC name such as dns:///limpid:50051). Connects at the first
// call. Calls that the server refuses for want of room or while it drains are tried up to three times, at another
// replica where the name has several.
std::shared_ptr<grpc::Channel> MakeChannel(const std::string& address);

}  // namespace limpid::client
