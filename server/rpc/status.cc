#include "rpc/status.h"

#include <algorithm>
#include <random>
#include <string_view>

namespace limpid::rpc {
namespace {

// A full queue of default size is worked off in some seconds; a place in it is free much earlier.
constexpr int kQueueFullPushbackMs = 200;
constexpr int kJitterMs = 200;

bool IsContinuationByte(char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; }

// Replaces absolute paths ("/a/b") by their last component. A single slash ("tokens/s", "/") is not a path.
std::string WithoutPaths(std::string_view message) {
  std::string cleaned;
  size_t i = 0;
  while (i < message.size()) {
    const bool starts_word = i == 0 || std::string_view(" \"'(=:").find(message[i - 1]) != std::string_view::npos;
    if (!starts_word || message[i] != '/') {
      cleaned += message[i++];
      continue;
    }
    const size_t end = std::min(message.find_first_of(" \"'),;:", i), message.size());
    const std::string_view word = message.substr(i, end - i);
    cleaned += word.rfind('/') == 0 ? word : word.substr(word.rfind('/') + 1);
    i = end;
  }
  return cleaned;
}

}  // namespace

std::string PublicMessage(const absl::Status& status) {
  std::string text(status.message());
  if (absl::IsInternal(status) || absl::IsUnknown(status)) text = WithoutPaths(text);
  if (text.size() <= kMaxStatusMessageBytes) return text;
  size_t end = kMaxStatusMessageBytes;
  while (end > 0 && IsContinuationByte(text[end])) --end;
  text.resize(end);
  return text;
}

grpc::Status ToGrpcStatus(const absl::Status& status) {
  if (status.ok()) return grpc::Status::OK;
  return {static_cast<grpc::StatusCode>(status.raw_code()), PublicMessage(status)};
}

int RetryPushbackMs(const absl::Status& status) {
  if (status.code() == absl::StatusCode::kUnavailable) return 0;
  if (status.code() != absl::StatusCode::kResourceExhausted) return -1;
  thread_local std::minstd_rand random(std::random_device{}());
  return kQueueFullPushbackMs + static_cast<int>(random() % kJitterMs);
}

}  // namespace limpid::rpc
