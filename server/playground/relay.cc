#include "playground/relay.h"

#include <chrono>
#include <utility>

#include "playground/translation.h"

namespace limpid::playground {

Relay::Relay(const std::shared_ptr<grpc::Channel>& channel, const std::string& authorization, Reader reader)
    : stub_(v1::Explainer::NewStub(channel)), reader_(std::move(reader)) {
  if (!authorization.empty()) context_.AddMetadata("authorization", authorization);
}

bool Relay::Wait() {
  void* tag = nullptr;
  bool is_done = false;
  const auto next = [&] {
    const auto until = std::chrono::system_clock::now() + absl::ToChronoNanoseconds(reader_.heartbeat);
    return steps_.AsyncNext(&tag, &is_done, until);
  };
  // What was cancelled comes to its end, too.
  while (next() == grpc::CompletionQueue::TIMEOUT) {
    if (reader_.stops() || !reader_.write("\n")) context_.TryCancel();
  }
  return is_done;
}

template <typename Part>
void Relay::Stream(grpc::ClientAsyncReader<Part>* parts) {
  bool is_open = Wait();
  while (is_open) {
    Part part;
    parts->Read(&part, nullptr);
    is_open = Wait();
    if (is_open && !reader_.write(JsonLine(part))) context_.TryCancel();
  }
  grpc::Status status;
  parts->Finish(&status, nullptr);
  Wait();
  if (!status.ok()) reader_.write(ErrorLine(status));
}

void Relay::Explain(const v1::ExplainRequest& request) {
  Stream(stub_->AsyncExplain(&context_, request, &steps_, nullptr).get());
}

void Relay::Generate(const v1::GenerateRequest& request) {
  Stream(stub_->AsyncGenerate(&context_, request, &steps_, nullptr).get());
}

void Relay::ListModels() {
  v1::ListModelsResponse models;
  const grpc::Status status = stub_->ListModels(&context_, {}, &models);
  reader_.write(status.ok() ? JsonLine(models) : ErrorLine(status));
}

}  // namespace limpid::playground
