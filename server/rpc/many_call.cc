#include "rpc/many_call.h"

#include <memory>
#include <set>
#include <stop_token>
#include <string>
#include <utility>

#include "rpc/call_meter.h"
#include "rpc/caller.h"
#include "rpc/event_part.h"
#include "rpc/guard.h"
#include "rpc/item_stream.h"
#include "rpc/request_record.h"
#include "rpc/stall_cut.h"
#include "rpc/status.h"

namespace limpid::rpc {
namespace {

// Reactor of the stream, and what its writer drives. Kept alive by gRPC (`self_`, until OnDone) and by its items.
class ManyCall final : public grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer>,
                       public MessageWriter::Stream,
                       public ItemStream,
                       public std::enable_shared_from_this<ManyCall> {
 public:
  ManyCall(const Environment& environment, const ManyKind& kind, telemetry::RpcMetrics* metrics,
           grpc::CallbackServerContext* context)
      : environment_(environment),
        start_item_(kind.start_item),
        context_(context),
        caller_(IdentifyCaller(environment, *context)),
        record_(environment, kind.rpc, caller_),
        meter_(metrics, environment.metrics->stage, caller_.previous_attempts),
        stall_(std::make_shared<StallCut>(environment.timer, environment.stall_time, [this] { CutStalled(); })),
        writer_(this) {
    environment_.metrics->streams->Increment();
  }

  void Start() {
    self_ = shared_from_this();
    if (!caller_.authentication.ok()) return writer_.End(caller_.authentication);
    ReadNext();
  }

  // MessageWriter::Stream
  void Write(const grpc::ByteBuffer& message) override;
  void Finish(const absl::Status& status) override;

  // ItemStream
  bool TakeId(const std::string& id) override;
  void FreeId(const std::string& id) override;
  void Push(EventPart part, MessageWriter::Length length) override { writer_.Push(std::move(part), length); }
  void OnItemLeft() override;

  // Reactions
  void OnReadDone(bool ok) override;
  void OnWriteDone(bool ok) override;
  void OnCancel() override;
  void OnDone() override;

 private:
  void StartItem();
  void ReadNext();
  void CutStalled();
  void Abort(absl::Status status);
  void Stop();

  const Environment& environment_;
  const ItemStarter start_item_;
  grpc::CallbackServerContext* const context_;  // gRPC's; gone after OnDone
  const Caller caller_;
  std::shared_ptr<ManyCall> self_;
  std::stop_source stop_;
  RequestRecord record_;

  // Owned by the read under way, then by its reaction.
  grpc::ByteBuffer received_;

  // Held over StartRead, so that no read begins after the stream was stopped.
  absl::Mutex mutex_;
  std::set<std::string> ids_ ABSL_GUARDED_BY(mutex_);
  size_t num_items_ ABSL_GUARDED_BY(mutex_) = 0;  // arrived, last message not yet left
  bool is_paused_ ABSL_GUARDED_BY(mutex_) = false;
  bool is_half_closed_ ABSL_GUARDED_BY(mutex_) = false;
  bool is_stopped_ ABSL_GUARDED_BY(mutex_) = false;

  // The writer's steps come one after the other; these are theirs.
  CallMeter meter_;
  bool has_written_ = false;

  const std::shared_ptr<StallCut> stall_;
  MessageWriter writer_;
};

void ManyCall::OnReadDone(bool ok) {
  if (ok) {
    meter_.OnRequest(received_.Length());
    const absl::Status survived = Guarded([&] { StartItem(); });
    if (!survived.ok()) return writer_.End(survived);
    return ReadNext();
  }
  {
    absl::MutexLock lock(&mutex_);
    is_half_closed_ = true;
    if (num_items_ > 0) return;
  }
  writer_.End(context_->IsCancelled() ? absl::CancelledError("cancelled by the caller") : absl::OkStatus());
}

void ManyCall::StartItem() {
  {
    absl::MutexLock lock(&mutex_);
    ++num_items_;
  }
  const absl::Time deadline = RequestDeadline(*context_, environment_.max_request_time);
  start_item_(self_, {environment_, caller_, stop_.get_token(), deadline}, received_);
}

void ManyCall::ReadNext() {
  absl::MutexLock lock(&mutex_);
  if (is_stopped_) return;
  is_paused_ = num_items_ >= environment_.max_requests_per_stream;
  if (!is_paused_) StartRead(&received_);
}

void ManyCall::OnItemLeft() {
  {
    absl::MutexLock lock(&mutex_);
    --num_items_;
    if (is_paused_ && !is_stopped_) {
      is_paused_ = false;
      StartRead(&received_);
    }
    if (!is_half_closed_ || num_items_ > 0) return;
  }
  writer_.End(absl::OkStatus());
}

void ManyCall::Write(const grpc::ByteBuffer& message) {
  if (!std::exchange(has_written_, true)) context_->AddInitialMetadata(kRequestIdKey, caller_.request_id);
  meter_.OnWrite(message.Length());
  stall_->OnWrite();
  StartWrite(&message);
}

void ManyCall::Finish(const absl::Status& status) {
  Stop();
  meter_.OnFinish(status);
  record_.Finish(status);
  stall_->Finish([this, status] {
    AddTrailers(caller_, status, context_);
    ServerBidiReactor::Finish(ToGrpcStatus(status));
  });
}

void ManyCall::OnWriteDone(bool ok) {
  stall_->OnWriteDone();
  meter_.OnWriteDone();
  writer_.OnWriteDone(ok);
}

void ManyCall::OnCancel() { Abort(absl::CancelledError("cancelled by the caller")); }

void ManyCall::CutStalled() {
  Abort(Stalled(environment_.stall_time));
  context_->TryCancel();
}

void ManyCall::Abort(absl::Status status) {
  Stop();
  writer_.Abort(std::move(status));
}

void ManyCall::OnDone() {
  environment_.metrics->streams->Decrement();
  std::exchange(self_, nullptr);
}

// Nothing is read or computed for this stream any more.
void ManyCall::Stop() {
  {
    absl::MutexLock lock(&mutex_);
    is_stopped_ = true;
  }
  stop_.request_stop();
}

bool ManyCall::TakeId(const std::string& id) {
  absl::MutexLock lock(&mutex_);
  return ids_.insert(id).second;
}

void ManyCall::FreeId(const std::string& id) {
  absl::MutexLock lock(&mutex_);
  ids_.erase(id);
}

}  // namespace

grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer>* StartManyCall(const Environment& environment,
                                                                           const ManyKind& kind,
                                                                           telemetry::RpcMetrics* metrics,
                                                                           grpc::CallbackServerContext* context) {
  auto call = std::make_shared<ManyCall>(environment, kind, metrics, context);
  call->Start();
  return call.get();
}

}  // namespace limpid::rpc
