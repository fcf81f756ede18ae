#include "rpc/explain_call.h"

#include <memory>
#include <optional>
#include <stop_token>
#include <utility>

#include "absl/time/clock.h"
#include "base/status_macros.h"
#include "limpid/v1/explain.pb.h"
#include "rpc/call_meter.h"
#include "rpc/caller.h"
#include "rpc/decode.h"
#include "rpc/event_part.h"
#include "rpc/guard.h"
#include "rpc/request_record.h"
#include "rpc/stall_cut.h"
#include "rpc/status.h"
#include "rpc/wire.h"

namespace limpid::rpc {
namespace {

// Reactor, sink of the session's events, and what the writer drives, in one: the call. Kept alive by gRPC (`self_`,
// until OnDone) and by the session (until End), so that a late event finds a writer that drops it.
template <typename Kind>
class StreamedCall final : public grpc::ServerWriteReactor<grpc::ByteBuffer>,
                           public explain::EventSink,
                           public MessageWriter::Stream,
                           public std::enable_shared_from_this<StreamedCall<Kind>> {
 public:
  StreamedCall(const Environment& environment, telemetry::RpcMetrics* metrics, grpc::CallbackServerContext* context)
      : environment_(environment),
        context_(context),
        deadline_(RequestDeadline(*context, environment.max_request_time)),
        record_(environment, Kind::kName, IdentifyCaller(environment, *context)),
        meter_(metrics, environment.metrics->stage, record_.caller().previous_attempts),
        stall_(std::make_shared<StallCut>(environment.timer, environment.stall_time, [this] { CutStalled(); })),
        writer_(this) {
    environment_.metrics->streams->Increment();
  }

  void Start(const grpc::ByteBuffer& request) {
    self_ = this->shared_from_this();
    absl::Status started;
    const absl::Status survived = Guarded([&] { started = TryStart(request); });
    if (!survived.ok() || !started.ok()) writer_.End(survived.ok() ? started : survived);
  }

  // explain::EventSink
  void Emit(explain::Event event) override {
    const absl::Status survived = Guarded([&] {
      record_.Observe(event);
      const MessageWriter::Length length = LengthOf(event);
      EventPart part = Kind::MakePart(std::move(event), model_);
      writer_.Push(Timed(std::move(part)), length);
    });
    if (!survived.ok()) writer_.End(survived);
  }
  void End(absl::Status status) override { writer_.End(std::move(status)); }

  // StreamWriter::Stream
  void Write(const grpc::ByteBuffer& message) override {
    if (!std::exchange(has_written_, true)) context_->AddInitialMetadata(kRequestIdKey, record_.caller().request_id);
    meter_.OnWrite(message.Length());
    stall_->OnWrite();
    StartWrite(&message);
  }
  void Finish(const absl::Status& cause) override {
    stop_.request_stop();
    const absl::Status status = WithStage(cause, record_.stage());
    meter_.OnFinish(status);
    record_.Finish(status);
    stall_->Finish([this, status] {
      AddTrailers(record_.caller(), status, context_);
      grpc::ServerWriteReactor<grpc::ByteBuffer>::Finish(ToGrpcStatus(status));
    });
  }

  // Reactions
  void OnWriteDone(bool ok) override {
    stall_->OnWriteDone();
    meter_.OnWriteDone();
    writer_.OnWriteDone(ok);
  }
  void OnCancel() override { Abort(HasExpired() ? Expired() : absl::CancelledError("cancelled by the caller")); }
  void OnDone() override {
    pass_.reset();
    environment_.metrics->streams->Decrement();
    std::exchange(self_, nullptr);
  }

 private:
  absl::Status TryStart(const grpc::ByteBuffer& bytes) {
    meter_.OnRequest(bytes.Length());
    ABSL_ASSIGN_OR_RETURN(pass_, environment_.gate->Enter(record_.caller()));
    typename Kind::Message message;
    ABSL_RETURN_IF_ERROR(ParseMessage(bytes, &message));
    ABSL_ASSIGN_OR_RETURN(auto request, Kind::Decode(message));
    ABSL_ASSIGN_OR_RETURN(model_, environment_.explainer->Find(Kind::ExplanationOf(request).model));
    record_.SetRequest(Kind::ExplanationOf(request), *model_);
    alarm_ = environment_.timer->Schedule(deadline_, [call = this->weak_from_this()] {
      if (const auto self = call.lock(); self != nullptr) self->Abort(Expired());
    });
    Kind::Begin(environment_.explainer, std::move(request),
                ContextOf(record_.caller(), stop_.get_token(), deadline_, record_.progress()), self_);
    return absl::OkStatus();
  }

  EventPart Timed(EventPart part) {
    return [this, part = std::move(part)](grpc::ByteBuffer* message) mutable {
      const absl::Time start = absl::Now();
      const bool has_more = part(message);
      record_.AddMessage(message->Length(), absl::Now() - start);
      return has_more;
    };
  }

  bool HasExpired() const { return absl::Now() >= deadline_; }
  void Abort(absl::Status status) {
    stop_.request_stop();
    writer_.Abort(std::move(status));
  }
  void CutStalled() {
    Abort(Stalled(environment_.stall_time));
    context_->TryCancel();
  }

  const Environment& environment_;
  grpc::CallbackServerContext* const context_;  // gRPC's; gone after OnDone
  const absl::Time deadline_;
  std::shared_ptr<StreamedCall> self_;
  std::stop_source stop_;
  std::optional<Gate::Pass> pass_;
  std::shared_ptr<const explain::Model> model_;
  RequestRecord record_;
  base::Timer::Handle alarm_;  // of the deadline

  // The writer's steps come one after the other; these are theirs.
  CallMeter meter_;
  bool has_written_ = false;

  const std::shared_ptr<StallCut> stall_;
  MessageWriter writer_;
};

struct ExplainKind {
  static constexpr const char* kName = "Explain";
  using Message = v1::ExplainRequest;
  static auto Decode(const Message& message) { return DecodeExplainRequest(message); }
  static const explain::ExplainRequest& ExplanationOf(const explain::ExplainRequest& request) { return request; }
  static void Begin(explain::Explainer* explainer, explain::ExplainRequest request, explain::CallContext context,
                    std::shared_ptr<explain::EventSink> sink) {
    explainer->Explain(std::move(request), std::move(context), std::move(sink));
  }
  static EventPart MakePart(explain::Event event, std::shared_ptr<const explain::Model> model) {
    return MakeExplainPart(std::move(event), std::move(model));
  }
};

struct GenerateKind {
  static constexpr const char* kName = "Generate";
  using Message = v1::GenerateRequest;
  static auto Decode(const Message& message) { return DecodeGenerateRequest(message); }
  static const explain::ExplainRequest& ExplanationOf(const explain::GenerateRequest& request) {
    return request.explain;
  }
  static void Begin(explain::Explainer* explainer, explain::GenerateRequest request, explain::CallContext context,
                    std::shared_ptr<explain::EventSink> sink) {
    explainer->Generate(std::move(request), std::move(context), std::move(sink));
  }
  static EventPart MakePart(explain::Event event, std::shared_ptr<const explain::Model> model) {
    return MakeGeneratePart(std::move(event), std::move(model));
  }
};

template <typename Kind>
grpc::ServerWriteReactor<grpc::ByteBuffer>* StartCall(const Environment& environment, telemetry::RpcMetrics* metrics,
                                                      grpc::CallbackServerContext* context,
                                                      const grpc::ByteBuffer& request) {
  auto call = std::make_shared<StreamedCall<Kind>>(environment, metrics, context);
  call->Start(request);
  return call.get();
}

}  // namespace

grpc::ServerWriteReactor<grpc::ByteBuffer>* StartExplainCall(const Environment& environment,
                                                             telemetry::RpcMetrics* metrics,
                                                             grpc::CallbackServerContext* context,
                                                             const grpc::ByteBuffer& request) {
  return StartCall<ExplainKind>(environment, metrics, context, request);
}

grpc::ServerWriteReactor<grpc::ByteBuffer>* StartGenerateCall(const Environment& environment,
                                                              telemetry::RpcMetrics* metrics,
                                                              grpc::CallbackServerContext* context,
                                                              const grpc::ByteBuffer& request) {
  return StartCall<GenerateKind>(environment, metrics, context, request);
}

}  // namespace limpid::rpc
