#include "engine/weights/safetensors.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <span>

#include "support/status_matchers.h"
#include "unit/engine/tiny_model.h"

namespace limpid::engine {
namespace {

using ::limpid::testing::StatusIs;
using ::testing::HasSubstr;

std::span<const std::byte> AsBytes(const std::string& text) {
  return std::as_bytes(std::span<const char>(text.data(), text.size()));
}

struct Malformed {
  const char* name;
  std::string file;
  const char* says;
};

std::string TensorEntry(const std::string& entry, size_t data_bytes) {
  return WithHeader("{\"w\": " + entry + "}", std::string(data_bytes, '\0'));
}

std::vector<Malformed> MalformedFiles() {
  const std::string huge_length = "\xff\xff\xff\xff\xff\xff\xff\x7f{}";
  return {
      {"Shorter", "abc", "shorter than its 8-byte header length"},
      {"HeaderBeyondTheFile", std::string("\x40\0\0\0\0\0\0\0{}", 10), "header length 64 exceeds"},
      {"HeaderLengthHuge", huge_length, "exceeds the file or the limit of 100000000 bytes"},
      {"HeaderNotJson", WithHeader("{\"w\":", ""), "header"},
      {"HeaderNotAnObject", WithHeader("[1]", ""), "header"},
      {"EntryNotAnObject", TensorEntry("3", 0), "tensor 'w': needs dtype, shape and data_offsets"},
      {"WithoutDtype", TensorEntry(R"({"shape": [1], "data_offsets": [0, 4]})", 4), "tensor 'w': needs dtype"},
      {"NegativeExtent", TensorEntry(R"({"dtype": "F32", "shape": [-1], "data_offsets": [0, 4]})", 4),
       "tensor 'w': shape"},
      {"ExtentNotANumber", TensorEntry(R"({"dtype": "F32", "shape": ["1"], "data_offsets": [0, 4]})", 4), "shape"},
      {"OneOffset", TensorEntry(R"({"dtype": "F32", "shape": [1], "data_offsets": [0]})", 4),
       "'w': data_offsets must be"},
      {"OffsetsTurned", TensorEntry(R"({"dtype": "F32", "shape": [1], "data_offsets": [4, 0]})", 4),
       "[4, 0) lie outside"},
      {"Truncated", TensorEntry(R"({"dtype": "F32", "shape": [2], "data_offsets": [0, 8]})", 7),
       "[0, 8) lie outside the file's 7 data bytes"},
      {"SizeDoesNotFit", TensorEntry(R"({"dtype": "F32", "shape": [3], "data_offsets": [0, 8]})", 8),
       "tensor 'w': 8 bytes do not fit its shape and type"},
      {"SizeOverflows",
       TensorEntry(R"({"dtype": "F32", "shape": [4611686018427387904, 4], "data_offsets": [0, 0]})", 0),
       "do not fit its shape"},
      {"Overlap",
       WithHeader(R"({"a": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]},
                      "b": {"dtype": "F32", "shape": [1], "data_offsets": [4, 8]}})",
                  std::string(8, '\0')),
       "tensors 'a' and 'b' overlap"},
  };
}

class MalformedSafetensors : public ::testing::TestWithParam<Malformed> {};

TEST_P(MalformedSafetensors, IsRefusedSayingWhatIsWrong) {
  const auto tensors = SafetensorsFile::Parse(AsBytes(GetParam().file));

  EXPECT_THAT(tensors, StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(GetParam().says)));
}

INSTANTIATE_TEST_SUITE_P(Files, MalformedSafetensors, ::testing::ValuesIn(MalformedFiles()),
                         [](const auto& test) { return test.param.name; });

TEST(Safetensors, GivesEachTensorItsShapeAndBytes) {
  const std::string file = SafetensorsBytes({{"one", {{2, 1}, {1.5f, -2}}}, {"two", {{1}, {0.25f}}}});

  const auto tensors = SafetensorsFile::Parse(AsBytes(file));

  ASSERT_THAT(tensors, ::limpid::testing::IsOk());
  ASSERT_EQ(tensors->size(), 2);
  const StoredTensor& one = tensors->at("one");
  EXPECT_EQ(one.shape, (std::vector<int64_t>{2, 1}));
  ASSERT_EQ(one.bytes.size(), 8);
  EXPECT_EQ(reinterpret_cast<const float*>(one.bytes.data())[1], -2);
  EXPECT_EQ(reinterpret_cast<const float*>(tensors->at("two").bytes.data())[0], 0.25f);
}

TEST(Safetensors, PassesOverTypesThatNoWeightHas) {
  const std::string file = TensorEntry(R"({"dtype": "I64", "shape": [1], "data_offsets": [0, 8]})", 8);

  const auto tensors = SafetensorsFile::Parse(AsBytes(file));

  ASSERT_THAT(tensors, ::limpid::testing::IsOk());
  EXPECT_TRUE(tensors->empty());
}

TEST(Safetensors, EveryTruncationOfAGoodFileIsRefused) {
  const std::string file = SafetensorsBytes({{"one", {{2, 1}, {1.5f, -2}}}, {"two", {{1}, {0.25f}}}});

  for (size_t size = 0; size < file.size(); ++size) {
    EXPECT_FALSE(SafetensorsFile::Parse(AsBytes(file.substr(0, size))).ok()) << size << " bytes";
  }
}

TEST(Safetensors, FileErrorsNameThePath) {
  const std::string folder = WriteFolder("safetensors_file", {{"empty", ""}, {"short", "abc"}});

  const auto invalid = absl::StatusCode::kInvalidArgument;
  EXPECT_THAT(SafetensorsFile::Open(folder + "/absent"), StatusIs(absl::StatusCode::kNotFound, HasSubstr("/absent")));
  EXPECT_THAT(SafetensorsFile::Open(folder + "/empty"), StatusIs(invalid, HasSubstr("/empty is empty")));
  EXPECT_THAT(SafetensorsFile::Open(folder), StatusIs(invalid, HasSubstr("not a regular file")));
  EXPECT_THAT(SafetensorsFile::Open(folder + "/short"), StatusIs(invalid, HasSubstr("/short: safetensors")));
}

}  // namespace
}  // namespace limpid::engine
