#pragma once

#include <functional>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "grpcpp/channel.h"
#include "telemetry/log.h"

namespace limpid::playground {

// Serves a page on which a text can be typed and is explained while the answer arrives, over HTTP on a port of its own:
//   GET /          the page, which asks nobody but this server for anything
//   GET /models    ListModelsResponse
//   POST /explain  an ExplainRequest, answered by ExplainResponses, a line each as they come
//   POST /generate a GenerateRequest, answered by GenerateResponses
// all in Protobuf's JSON form. It is a client of the service, so the service's limits, turns, metrics and errors hold:
// errors of the service are the stream's last line, with HTTP status 200 as in gRPC itself. Callers' bearer tokens are
// handed on; without tokens all callers are one client, whose name is "in-process".
class Playground {
 public:
  // A new connection to the service for one call; null if there cannot be one.
  using Connect = std::function<std::shared_ptr<grpc::Channel>()>;

  // `address` is HOST:PORT; port 0 takes a free one. UNAVAILABLE if it cannot be bound. `log` outlives this.
  static absl::StatusOr<std::unique_ptr<Playground>> Start(const std::string& address, Connect connect,
                                                           telemetry::Log* log);
  // Cancels what is under way.
  ~Playground();

  int port() const;

 private:
  struct State;

  explicit Playground(std::unique_ptr<State> state);

  const std::unique_ptr<State> state_;
};

}  // namespace limpid::playground
