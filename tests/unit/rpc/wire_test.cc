#include "rpc/wire.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "limpid/v1/explain.pb.h"
#include "support/status_matchers.h"

namespace limpid::rpc {
namespace {

using ::limpid::testing::IsOk;
using ::limpid::testing::StatusIs;
using ::testing::HasSubstr;

grpc::ByteBuffer BytesOf(const std::string& text) {
  const grpc::Slice slice(text);
  return grpc::ByteBuffer(&slice, 1);
}

// The message's bytes, with the placeholder "????" in some string replaced by bytes of the same length.
grpc::ByteBuffer WithBadString(const google::protobuf::Message& message, const std::string& bad) {
  std::string bytes = message.SerializeAsString();
  bytes.replace(bytes.find("????"), 4, bad);
  return BytesOf(bytes);
}

TEST(ParseMessage, ReadsWhatWasSerialized) {
  v1::ExplainRequest sent, read;
  sent.mutable_input()->set_text(std::string(3 << 20, 'x'));
  grpc::ByteBuffer bytes = BytesOf("what was there before");

  SerializeMessage(sent, &bytes);

  EXPECT_EQ(bytes.Length(), sent.ByteSizeLong());
  ASSERT_THAT(ParseMessage(bytes, &read), IsOk());
  EXPECT_EQ(read.SerializeAsString(), sent.SerializeAsString());
}

TEST(ParseMessage, NoBytesAreAnEmptyMessage) {
  v1::ListModelsRequest message;
  grpc::ByteBuffer bytes;

  SerializeMessage(message, &bytes);

  EXPECT_THAT(ParseMessage(bytes, &message), IsOk());
}

TEST(ParseMessage, NamesTheStringThatIsNotUtf8) {
  v1::ExplainRequest request;
  request.mutable_input()->set_text("ab????");
  EXPECT_THAT(ParseMessage(WithBadString(request, "\xFF\xFE\xFD\xFC"), &request),
              StatusIs(absl::StatusCode::kInvalidArgument, "input.text: not valid UTF-8 at byte 2"));

  request.mutable_input()->set_text("fine");
  request.mutable_target()->mutable_contrast()->mutable_foil()->set_label("????");
  // A surrogate is not a character.
  EXPECT_THAT(ParseMessage(WithBadString(request, "x\xED\xA0\x80"), &request),
              StatusIs(absl::StatusCode::kInvalidArgument, "target.contrast.foil.label: not valid UTF-8 at byte 1"));
}

TEST(ParseMessage, SaysWhichMessageTheBytesAreNot) {
  v1::ExplainRequest request;
  request.mutable_input()->set_text("cut off");
  std::string bytes = request.SerializeAsString();
  bytes.pop_back();

  EXPECT_THAT(ParseMessage(BytesOf(bytes), &request),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("limpid.v1.ExplainRequest")));
}

TEST(ParseMessage, KeepsTheIdOfARequestThatDoesNotParse) {
  v1::ExplainManyRequest request, read;
  request.set_id("seven");
  request.mutable_request()->set_model("????");

  const absl::Status status = ParseMessage(WithBadString(request, "\xC0\xC0\xC0\xC0"), &read);

  EXPECT_THAT(status, StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("request.model: not valid UTF-8")));
  EXPECT_EQ(read.id(), "seven");
}

}  // namespace
}  // namespace limpid::rpc
