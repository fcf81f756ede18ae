#include "lib/files/npz.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zlib.h>

#include <cstdint>
#include <fstream>
#include <iterator>
#include <map>
#include <string>

#include "support/scratch.h"
#include "unit/client/sample_answer.h"

namespace limpid::client {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

uint32_t Little(const std::string& bytes, size_t at, size_t size) {
  uint32_t value = 0;
  for (size_t i = size; i-- > 0;) value = value << 8 | static_cast<uint8_t>(bytes.at(at + i));
  return value;
}

std::string ReadFile(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

// Entries of a stored zip by way of its central directory, each held against its local header and checksum.
std::map<std::string, std::string> Unzip(const std::string& zip) {
  std::map<std::string, std::string> entries;
  const size_t end = zip.size() - 22;
  EXPECT_EQ(Little(zip, end, 4), 0x06054b50u);
  size_t at = Little(zip, end + 16, 4);
  EXPECT_EQ(at + Little(zip, end + 12, 4), end) << "size of the central directory";
  for (uint32_t left = Little(zip, end + 10, 2); left > 0; --left) {
    EXPECT_EQ(Little(zip, at, 4), 0x02014b50u);
    EXPECT_EQ(Little(zip, at + 10, 2), 0u) << "stored";
    const uint32_t crc = Little(zip, at + 16, 4), size = Little(zip, at + 24, 4);
    const uint32_t name_size = Little(zip, at + 28, 2), local = Little(zip, at + 42, 4);
    const std::string name = zip.substr(at + 46, name_size);
    EXPECT_EQ(Little(zip, local, 4), 0x04034b50u);
    EXPECT_EQ(zip.substr(local + 14, 4), zip.substr(at + 16, 4)) << "the same checksum in both headers";
    EXPECT_EQ(zip.substr(local + 30, name_size), name);
    const std::string data = zip.substr(local + 30 + name_size, size);
    EXPECT_EQ(crc32(0, reinterpret_cast<const Bytef*>(data.data()), size), crc) << name;
    EXPECT_TRUE(entries.emplace(name, data).second) << name << " is there twice";
    at += 46 + name_size;
  }
  EXPECT_EQ(at, end);
  return entries;
}

struct Npy {
  std::string header, data;
};

Npy ReadNpy(const std::string& bytes) {
  EXPECT_THAT(bytes, StartsWith(std::string("\x93NUMPY\x01\x00", 8)));
  const uint32_t length = Little(bytes, 8, 2);
  EXPECT_EQ((10 + length) % 64, 0u) << "the data is aligned";
  EXPECT_EQ(bytes.at(9 + length), '\n');
  return {bytes.substr(10, length), bytes.substr(10 + length)};
}

std::map<std::string, std::string> WriteAndUnzip(const Explanation& explanation) {
  const std::string path = limpid_test::Scratch().string() + "/answer.npz";
  const auto written = WriteNpz(MakeArrays(SampleRequest(2), explanation), path);
  EXPECT_TRUE(written.ok()) << written.status();
  const std::string zip = ReadFile(path);
  EXPECT_EQ(zip.size(), *written);
  return Unzip(zip);
}

TEST(WriteNpz, HoldsEveryArrayOfTheAnswer) {
  const auto entries = WriteAndUnzip(SampleExplanation());

  for (const char* name : {"text", "tokens", "token_ids", "is_special", "sequence", "offsets.bytes", "offsets.chars",
                           "logits", "probabilities", "labels", "scores.0.saliency", "units.0", "heads.1",
                           "attention.0", "attention.3", "attention.heads", "info"}) {
    EXPECT_EQ(entries.count(std::string(name) + ".npy"), 1u) << name;
  }
  EXPECT_EQ(entries.size(), 17u);
}

TEST(WriteNpz, NumbersKeepShapeTypeAndBytes) {
  const Explanation explanation = SampleExplanation();
  const auto entries = WriteAndUnzip(explanation);

  const Npy scores = ReadNpy(entries.at("scores.0.saliency.npy"));
  EXPECT_THAT(scores.header, StartsWith("{'descr': '<f4', 'fortran_order': False, 'shape': (6,), }"));
  const auto& expected = explanation.attributions[0].scores();
  EXPECT_EQ(scores.data, std::string(reinterpret_cast<const char*>(expected.data()), 24));
  const Npy maps = ReadNpy(entries.at("attention.3.npy"));
  EXPECT_THAT(maps.header, HasSubstr("'shape': (2,6,6,)"));
  EXPECT_EQ(maps.data, explanation.attention[1].data);
  const Npy offsets = ReadNpy(entries.at("offsets.bytes.npy"));
  EXPECT_THAT(offsets.header, HasSubstr("'descr': '<u4', 'fortran_order': False, 'shape': (6,2,)"));
  EXPECT_EQ(Little(offsets.data, 4 * 6, 4), 4u) << "token 3 begins at byte 4";
  const Npy special = ReadNpy(entries.at("is_special.npy"));
  EXPECT_THAT(special.header, HasSubstr("'|b1'"));
  EXPECT_EQ(special.data, std::string("\1\0\0\0\0\1", 6));
}

TEST(WriteNpz, TextsAreFixedWidthUtf32) {
  Explanation explanation = SampleExplanation();
  explanation.prediction.mutable_tokens(1)->set_text("né🙂");

  const Npy tokens = ReadNpy(WriteAndUnzip(explanation).at("tokens.npy"));

  EXPECT_THAT(tokens.header, HasSubstr("'descr': '<U5', 'fortran_order': False, 'shape': (6,)"));
  EXPECT_EQ(tokens.data.size(), 6u * 5 * 4);
  const std::u32string expected = {U'n', U'é', U'🙂', 0, 0};
  for (size_t i = 0; i < 5; ++i) EXPECT_EQ(Little(tokens.data, 20 + 4 * i, 4), expected[i]);
}

TEST(WriteNpz, NoTextsAtAllAreAnEmptyArray) {
  Explanation explanation = SampleExplanation();
  explanation.prediction.mutable_classes()->clear_labels();

  const Npy labels = ReadNpy(WriteAndUnzip(explanation).at("labels.npy"));

  EXPECT_THAT(labels.header, HasSubstr("'descr': '<U1', 'fortran_order': False, 'shape': (0,)"));
  EXPECT_EQ(labels.data, "");
}

TEST(WriteNpz, AFolderThatIsNotThereIsNamed) {
  const std::string path = limpid_test::Scratch().string() + "/no/such/folder.npz";

  const auto written = WriteNpz(MakeArrays(SampleRequest(2), SampleExplanation()), path);

  ASSERT_FALSE(written.ok());
  EXPECT_THAT(std::string(written.status().message()), HasSubstr(path + ": No such file"));
}

TEST(WriteNpz, WhatIsTooLargeForAZipIsRefusedAndLeavesNoFile) {
  const std::string path = limpid_test::Scratch().string() + "/large.npz";
  ExplanationArrays arrays;
  // Never read: the size alone decides.
  arrays.arrays.push_back({"attention.0", DType::kFloat32, {1}, std::string_view("x", size_t{1} << 32)});

  const auto written = WriteNpz(arrays, path);

  ASSERT_FALSE(written.ok());
  EXPECT_THAT(std::string(written.status().message()), HasSubstr("attention.0.npy goes beyond the 4 GiB"));
  EXPECT_FALSE(std::ifstream(path).good());
}

}  // namespace
}  // namespace limpid::client
