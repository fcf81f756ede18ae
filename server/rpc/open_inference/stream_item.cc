#include "rpc/open_inference/stream_item.h"

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "base/status_macros.h"
#include "open_inference/grpc_predict_v2.pb.h"
#include "rpc/gate.h"
#include "rpc/guard.h"
#include "rpc/open_inference/inference.h"
#include "rpc/request_record.h"
#include "rpc/status.h"
#include "rpc/wire.h"

namespace limpid::rpc {
namespace {

constexpr char kRpc[] = "ModelStreamInfer";
// Of Triton: the request has no further response.
constexpr char kFinal[] = "triton_final_response";

// Kept alive by the Inference that it waits for.
class StreamItem final : public std::enable_shared_from_this<StreamItem> {
 public:
  StreamItem(std::shared_ptr<ItemStream> stream, const ItemContext& context, const std::string& id)
      : stream_(std::move(stream)),
        id_(id),
        record_(std::make_shared<RequestRecord>(context.environment, kRpc, context.caller, Logged(id))) {}

  absl::Status TryStart(const ItemContext& context, const inference::ModelInferRequest& message) {
    ABSL_ASSIGN_OR_RETURN(pass_, context.environment.gate->Enter(context.caller));
    inference_ =
        std::make_shared<Inference>(Inference::Parts{.environment = context.environment,
                                                     .rpc = kRpc,
                                                     .item = absl::StrCat(Logged(id_), "/"),
                                                     .caller = context.caller,
                                                     .stop = context.stop,
                                                     .deadline = context.deadline},
                                    [self = shared_from_this()](const absl::Status& status) { self->End(status); });
    return inference_->Begin(message);
  }

  void End(const absl::Status& status) {
    std::shared_ptr<Inference> inference = std::exchange(inference_, nullptr);
    if (!status.ok()) inference = nullptr;
    Leaving leaving(stream_.get(), record_, status, std::move(pass_));
    stream_->Push(
        [id = id_, record = record_, status, inference = std::move(inference),
         leaving = std::move(leaving)](grpc::ByteBuffer* bytes) mutable {
          const absl::Time start = absl::Now();
          inference::ModelStreamInferResponse message;
          inference::ModelInferResponse* response = message.mutable_infer_response();
          if (inference != nullptr) response->Swap(inference->mutable_response());
          response->set_id(id);
          (*response->mutable_parameters())[kFinal].set_bool_param(true);
          if (!status.ok()) message.set_error_message(PublicMessage(status));
          SerializeMessage(message, bytes);
          record->AddMessage(bytes->Length(), absl::Now() - start);
          leaving.MarkEncoded();
          return false;
        },
        MessageWriter::Length::kLong);
  }

 private:
  static std::string Logged(const std::string& id) { return id.substr(0, kMaxItemIdBytes); }

  const std::shared_ptr<ItemStream> stream_;
  const std::string id_;
  const std::shared_ptr<RequestRecord> record_;
  std::optional<Gate::Pass> pass_;
  std::shared_ptr<Inference> inference_;
};

}  // namespace

void StartStreamItem(std::shared_ptr<ItemStream> stream, const ItemContext& context, const grpc::ByteBuffer& bytes) {
  StartItem<StreamItem, inference::ModelInferRequest>(std::move(stream), context, bytes);
}

}  // namespace limpid::rpc
