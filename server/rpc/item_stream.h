#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "grpcpp/support/byte_buffer.h"
#include "rpc/caller.h"
#include "rpc/environment.h"
#include "rpc/event_part.h"
#include "rpc/gate.h"
#include "rpc/guard.h"
#include "rpc/request_record.h"
#include "rpc/wire.h"
#include "text/utf8.h"

namespace limpid::rpc {

// A stream of many requests (ManyCall) as its requests see it. Thread-safe.
class ItemStream {
 public:
  virtual ~ItemStream() = default;
  // True if `id` was free; it is then taken.
  virtual bool TakeId(const std::string& id) = 0;
  virtual void FreeId(const std::string& id) = 0;
  virtual void Push(EventPart part, MessageWriter::Length length) = 0;
  // Once per item: its last message has left, or was dropped. Not under any lock of the stream.
  virtual void OnItemLeft() = 0;
};

struct ItemContext {
  const Environment& environment;
  const Caller& caller;
  std::stop_token stop;
  absl::Time deadline;
};

// Begins one request of the stream, from its bytes to its last message. Returns at once.
using ItemStarter = void (*)(std::shared_ptr<ItemStream> stream, const ItemContext& context,
                             const grpc::ByteBuffer& bytes);

// Rides in an item's last part: when that has left, or was dropped, the item is over. The part lies in the stream's
// writer, or in the hands of an item that holds the stream: the stream is there.
class Leaving {
 public:
  Leaving(ItemStream* stream, std::shared_ptr<RequestRecord> record, absl::Status status,
          std::optional<Gate::Pass> pass)
      : stream_(stream), record_(std::move(record)), status_(std::move(status)), pass_(std::move(pass)) {}
  Leaving(Leaving&& other) noexcept
      : stream_(std::exchange(other.stream_, nullptr)),
        record_(std::move(other.record_)),
        status_(std::move(other.status_)),
        pass_(std::move(other.pass_)),
        was_encoded_(other.was_encoded_) {}
  Leaving& operator=(Leaving&&) = delete;
  ~Leaving() {
    if (stream_ == nullptr) return;
    record_->Finish(was_encoded_ ? status_ : absl::CancelledError("the stream ended before the answer left"));
    pass_.reset();
    stream_->OnItemLeft();
  }
  void MarkEncoded() { was_encoded_ = true; }

 private:
  ItemStream* stream_;
  std::shared_ptr<RequestRecord> record_;
  absl::Status status_;
  std::optional<Gate::Pass> pass_;
  bool was_encoded_ = false;
};

// Longest id of an item that a log line has in full.
inline constexpr size_t kMaxItemIdBytes = 256;

// An ItemStarter of `Item`s, each made of (stream, context, id): begun with TryStart(context, message), and ended with
// the status where that fails.
template <typename Item, typename Message>
void StartItem(std::shared_ptr<ItemStream> stream, const ItemContext& context, const grpc::ByteBuffer& bytes) {
  Message message;
  absl::Status started = ParseMessage(bytes, &message);
  // Of bytes that do not parse the id is usually there, but it may be what is wrong with them.
  const std::string id = text::FindInvalidUtf8(message.id()).has_value() ? "" : message.id();
  const auto item = std::make_shared<Item>(std::move(stream), context, id);
  if (started.ok()) {
    const absl::Status survived = Guarded([&] { started = item->TryStart(context, message); });
    if (!survived.ok()) started = survived;
  }
  if (!started.ok()) item->End(started);
}

}  // namespace limpid::rpc
