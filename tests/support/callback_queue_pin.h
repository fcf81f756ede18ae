#pragma once

#include <grpcpp/create_channel.h>
#include <grpcpp/generic/generic_stub.h>
#include <gtest/gtest.h>

#include <memory>

#include "absl/synchronization/notification.h"

namespace limpid::testing {

// gRPC's callback threads end with their last user and race with the next one that begins. This channel uses them for
// as long as the tests of a binary run. Included by a fixture; the calls it makes reach nobody.
class CallbackQueuePin final : public ::testing::Environment {
 public:
  void SetUp() override {
    channel_ = grpc::CreateChannel("127.0.0.1:1", grpc::InsecureChannelCredentials());
    grpc::ClientContext context;
    const grpc::Slice nothing;
    grpc::ByteBuffer request(&nothing, 1), response;
    absl::Notification done;
    grpc::GenericStub(channel_).UnaryCall(&context, "/nobody/listens", {}, &request, &response,
                                          [&done](const grpc::Status&) { done.Notify(); });
    done.WaitForNotification();
  }
  void TearDown() override { channel_.reset(); }

 private:
  std::shared_ptr<grpc::Channel> channel_;
};

inline ::testing::Environment* const callback_queue_pin = ::testing::AddGlobalTestEnvironment(new CallbackQueuePin);

}  // namespace limpid::testing
