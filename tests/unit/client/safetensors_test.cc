#include "lib/files/safetensors.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>
#include <fstream>
#include <iterator>
#include <string>

#include "lib/json.h"
#include "support/scratch.h"
#include "unit/client/sample_answer.h"

namespace limpid::client {
namespace {

struct File {
  Json header;
  std::string data;

  std::string Bytes(const std::string& name) const {
    const uint64_t begin = header.at(name)["data_offsets"][0], end = header.at(name)["data_offsets"][1];
    return data.substr(begin, end - begin);
  }
};

File WriteAndRead(const Explanation& explanation) {
  const std::string path = limpid_test::Scratch().string() + "/answer.safetensors";
  const auto written = WriteSafetensors(MakeArrays(SampleRequest(2), explanation), path);
  EXPECT_TRUE(written.ok()) << written.status();
  std::ifstream in(path, std::ios::binary);
  const std::string bytes{std::istreambuf_iterator<char>(in), {}};
  EXPECT_EQ(bytes.size(), *written);
  uint64_t length;
  std::memcpy(&length, bytes.data(), sizeof(length));
  EXPECT_EQ(length % 8, 0u);
  return {Json::parse(bytes.substr(8, length)), bytes.substr(8 + length)};
}

TEST(WriteSafetensors, NumbersKeepShapeTypeAndBytes) {
  const Explanation explanation = SampleExplanation();

  const File file = WriteAndRead(explanation);

  EXPECT_EQ(file.header["attention.3"]["dtype"], "F32");
  EXPECT_EQ(file.header["attention.3"]["shape"], Json::parse("[2, 6, 6]"));
  EXPECT_EQ(file.Bytes("attention.3"), explanation.attention[1].data);
  EXPECT_EQ(file.header["heads.1"]["shape"], Json::parse("[2, 2]"));
  EXPECT_EQ(file.header["is_special"]["dtype"], "BOOL");
  EXPECT_EQ(file.Bytes("is_special"), std::string("\1\0\0\0\0\1", 6));
}

TEST(WriteSafetensors, KeyPositionsLieBesideTheirValues) {
  const Explanation explanation = SampleTopKeys();

  const File file = WriteAndRead(explanation);

  EXPECT_EQ(file.header["attention.2"]["shape"], Json::parse("[1, 6, 2]"));
  EXPECT_EQ(file.header["attention.2.keys"]["dtype"], "U16");
  EXPECT_EQ(file.header["attention.2.keys"]["shape"], Json::parse("[1, 6, 2]"));
  EXPECT_EQ(file.Bytes("attention.2.keys"), explanation.attention[0].key_positions);
}

TEST(WriteSafetensors, TheDataHasNeitherGapsNorOverlaps) {
  Explanation explanation = SampleExplanation();
  for (AttentionMaps& maps : explanation.attention) {
    maps.encoding = v1::ENCODING_FLOAT16;
    maps.data.resize(maps.data.size() / 2);
  }

  const File file = WriteAndRead(explanation);

  EXPECT_EQ(file.header["attention.0"]["dtype"], "F16");
  uint64_t end = 0;
  for (const auto& [name, entry] : file.header.items()) {
    if (name == "__metadata__") continue;
    EXPECT_EQ(entry["data_offsets"][0], end) << name;
    EXPECT_TRUE(entry["dtype"] == "BOOL" || end % (entry["dtype"] == "F16" ? 2 : 4) == 0) << name << " is not aligned";
    end = entry["data_offsets"][1];
  }
  EXPECT_EQ(end, file.data.size());
}

TEST(WriteSafetensors, TextsAreMetadataOfStrings) {
  const File file = WriteAndRead(SampleExplanation());

  const Json& metadata = file.header["__metadata__"];
  for (const auto& [name, value] : metadata.items()) EXPECT_TRUE(value.is_string()) << name;
  EXPECT_EQ(Json::parse(metadata["tokens"].get<std::string>())[3], "not");
  EXPECT_EQ(Json::parse(metadata["text"].get<std::string>()), Json::parse("[\"no, not paid\"]"));
}

}  // namespace
}  // namespace limpid::client
