#include "rpc/explain_many_item.h"

#include <optional>
#include <utility>
#include <variant>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "base/status_macros.h"
#include "limpid/v1/explain.pb.h"
#include "rpc/decode.h"
#include "rpc/encode.h"
#include "rpc/event_part.h"
#include "rpc/guard.h"
#include "rpc/request_record.h"
#include "rpc/status.h"
#include "rpc/wire.h"

namespace limpid::rpc {
namespace {

// The sink of the request's session, which keeps it alive until End.
class ManyItem final : public explain::EventSink, public std::enable_shared_from_this<ManyItem> {
 public:
  ManyItem(std::shared_ptr<ItemStream> stream, const ItemContext& context, const std::string& id)
      : stream_(std::move(stream)),
        id_(id),
        record_(std::make_shared<RequestRecord>(context.environment, "ExplainMany", context.caller,
                                                id.substr(0, kMaxItemIdBytes))) {}

  absl::Status TryStart(const ItemContext& context, const v1::ExplainManyRequest& message) {
    if (id_.empty()) return absl::InvalidArgumentError("id: must not be empty");
    if (id_.size() > kMaxItemIdBytes) {
      return absl::InvalidArgumentError(absl::StrCat("id: has ", id_.size(), " bytes, at most ", kMaxItemIdBytes));
    }
    owns_id_ = stream_->TakeId(id_);
    if (!owns_id_) return absl::InvalidArgumentError("id: in use by another request under way on this stream");
    const Environment& environment = context.environment;
    ABSL_ASSIGN_OR_RETURN(pass_, environment.gate->Enter(context.caller));
    ABSL_ASSIGN_OR_RETURN(explain::ExplainRequest request, DecodeExplainRequest(message.request()));
    ABSL_ASSIGN_OR_RETURN(model_, environment.explainer->Find(request.model));
    record_->SetRequest(request, *model_);
    environment.explainer->Explain(std::move(request),
                                   ContextOf(context.caller, context.stop, context.deadline, record_->progress()),
                                   shared_from_this());
    return absl::OkStatus();
  }

  void Emit(explain::Event event) override {
    const absl::Status survived = Guarded([&] {
      record_->Observe(event);
      const bool is_last = std::holds_alternative<explain::SummaryEvent>(event);
      const MessageWriter::Length length = LengthOf(event);
      EventPart part = MakeExplainPart(std::move(event), model_);
      // The summary waits for End, which frees the id: who has read the summary may use the id again.
      if (is_last) {
        summary_ = std::move(part);
      } else {
        stream_->Push(Wrapped(std::move(part), std::nullopt), length);
      }
    });
    if (!survived.ok()) encoding_failure_ = survived;
  }

  void End(absl::Status status) override {
    if (status.ok()) status = encoding_failure_;
    status = WithStage(status, record_->stage());
    if (owns_id_) stream_->FreeId(id_);
    Leaving leaving(stream_.get(), record_, status, std::move(pass_));
    if (status.ok()) {
      stream_->Push(Wrapped(std::move(summary_), std::move(leaving)), MessageWriter::Length::kLong);
    } else {
      stream_->Push(Failed(status, std::move(leaving)), MessageWriter::Length::kLong);
    }
  }

 private:
  EventPart Wrapped(EventPart part, std::optional<Leaving> leaving) {
    return [id = id_, record = record_, part = std::move(part),
            leaving = std::move(leaving)](grpc::ByteBuffer* message) mutable {
      const absl::Time start = absl::Now();
      const bool has_more = part(message);
      WrapForItem(id, message);
      record->AddMessage(message->Length(), absl::Now() - start);
      if (leaving.has_value()) leaving->MarkEncoded();
      return has_more;
    };
  }

  EventPart Failed(const absl::Status& status, Leaving leaving) {
    return [id = id_, status, leaving = std::move(leaving)](grpc::ByteBuffer* bytes) mutable {
      v1::ExplainManyResponse message;
      message.set_id(id);
      EncodeFailure(status, message.mutable_failure());
      SerializeMessage(message, bytes);
      leaving.MarkEncoded();
      return false;
    };
  }

  const std::shared_ptr<ItemStream> stream_;
  const std::string id_;
  const std::shared_ptr<RequestRecord> record_;
  bool owns_id_ = false;
  std::optional<Gate::Pass> pass_;
  std::shared_ptr<const explain::Model> model_;
  EventPart summary_;
  absl::Status encoding_failure_;
};

}  // namespace

void StartExplainManyItem(std::shared_ptr<ItemStream> stream, const ItemContext& context,
                          const grpc::ByteBuffer& bytes) {
  StartItem<ManyItem, v1::ExplainManyRequest>(std::move(stream), context, bytes);
}

}  // namespace limpid::rpc
