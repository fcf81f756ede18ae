#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "absl/time/time.h"
#include "grpcpp/channel.h"
#include "limpid/v1/explain.grpc.pb.h"

namespace limpid::playground {

// Asks the service on behalf of a reader who is given lines of JSON: each part as it comes, and last, where the call
// failed, an ErrorLine. For one call, on the caller's thread.
class Relay {
 public:
  struct Reader {
    // False once the reader has gone.
    std::function<bool(std::string_view)> write;
    // Whether to give up although he is there.
    std::function<bool()> stops = [] { return false; };
    // Between blank lines while there is nothing to tell: only by writing is it seen that a reader has gone, and then
    // his call is cancelled.
    absl::Duration heartbeat = absl::Milliseconds(500);
  };

  // `authorization` goes on as metadata of that name; empty: none.
  Relay(const std::shared_ptr<grpc::Channel>& channel, const std::string& authorization, Reader reader);

  // These return when the call has ended.
  void Explain(const v1::ExplainRequest& request);
  void Generate(const v1::GenerateRequest& request);
  void ListModels();

 private:
  // Until the call's next step is done; false if there is none.
  bool Wait();
  template <typename Part>
  void Stream(grpc::ClientAsyncReader<Part>* parts);

  const std::unique_ptr<v1::Explainer::Stub> stub_;
  const Reader reader_;
  grpc::ClientContext context_;
  grpc::CompletionQueue steps_;
};

}  // namespace limpid::playground
