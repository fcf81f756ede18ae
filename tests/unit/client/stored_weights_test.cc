#include "lib/sanity/stored_weights.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "unit/client/stored_model.h"

namespace limpid::client {
namespace {

using testing::HasSubstr;
using testing::UnorderedElementsAreArray;

StoredTensor Find(const std::filesystem::path& folder, const std::string& name) {
  const std::vector<StoredTensor> tensors = ReadStoredTensors(folder).value();
  for (const StoredTensor& tensor : tensors) {
    if (tensor.name == name) return tensor;
  }
  ADD_FAILURE() << name;
  return {};
}

// The bytes of each element.
std::vector<std::string> Elements(const std::string& file, const StoredTensor& tensor) {
  std::vector<std::string> elements;
  for (uint64_t i = 0; i < tensor.num_elements; ++i) {
    elements.push_back(file.substr(tensor.offset + i * tensor.element_bytes, tensor.element_bytes));
  }
  return elements;
}

// The file after one tensor of a fresh one was shuffled.
std::string Shuffled(const std::string& name, uint64_t seed) {
  const std::filesystem::path folder = StoredFolder("shuffled");
  EXPECT_TRUE(ShuffleStoredTensor(folder / "model.safetensors", Find(folder, name), seed).ok());
  return ReadFile(folder / "model.safetensors");
}

std::string Refusal(const std::filesystem::path& folder) {
  const auto tensors = ReadStoredTensors(folder);
  EXPECT_EQ(tensors.status().code(), absl::StatusCode::kInvalidArgument);
  return std::string(tensors.status().message());
}

TEST(StoredWeights, SayWhereEachTensorLies) {
  const std::filesystem::path folder = StoredFolder("read");

  EXPECT_EQ(ReadStoredTensors(folder)->size(), 4u);
  const StoredTensor bias = Find(folder, "encoder.layer.0.bias");
  EXPECT_EQ(bias.offset, 8 + kStoredHeader.size() + 240);
  EXPECT_EQ(bias.num_elements, 20u);
  EXPECT_EQ(bias.element_bytes, 2u);
}

class Shuffling : public testing::TestWithParam<const char*> {};

TEST_P(Shuffling, KeepsTheElementsAndLeavesAllElseBitEqual) {
  const StoredTensor tensor = Find(StoredFolder("read"), GetParam());
  const std::string before = StoredModel(), after = Shuffled(GetParam(), 1);
  const uint64_t end = tensor.offset + tensor.num_elements * tensor.element_bytes;

  EXPECT_THAT(Elements(after, tensor), UnorderedElementsAreArray(Elements(before, tensor)));
  EXPECT_NE(Elements(after, tensor), Elements(before, tensor));
  EXPECT_EQ(after.substr(0, tensor.offset), before.substr(0, tensor.offset));
  EXPECT_EQ(after.substr(end), before.substr(end));
}

INSTANTIATE_TEST_SUITE_P(AnyFormat, Shuffling,
                         testing::Values("classifier.weight", "encoder.layer.0.bias", "encoder.layer.1.bias"));

TEST(StoredWeights, WhatWasNotLearnedStays) { EXPECT_EQ(Shuffled("embeddings.position_ids", 1), StoredModel()); }

TEST(StoredWeights, TheSeedDeterminesTheOrder) {
  EXPECT_EQ(Shuffled("classifier.weight", 7), Shuffled("classifier.weight", 7));
  EXPECT_NE(Shuffled("classifier.weight", 7), Shuffled("classifier.weight", 8));
}

TEST(StoredWeights, FoldersThatWillNotDoAreNamed) {
  const std::filesystem::path folder = StoredFolder("bad"), weights = folder / "model.safetensors";
  WriteFile(weights, StoredModel().substr(0, kStoredBytes - 1));
  EXPECT_THAT(Refusal(folder), HasSubstr("bad/model.safetensors: not a safetensors file"));
  WriteFile(weights, "short");
  EXPECT_THAT(Refusal(folder), HasSubstr("not a safetensors file"));
  WriteFile(weights, std::string(100, '\xff'));
  EXPECT_THAT(Refusal(folder), HasSubstr("not a safetensors file"));
  std::filesystem::remove(weights);
  EXPECT_THAT(Refusal(folder), HasSubstr("cannot open"));
  WriteFile(folder / "model.safetensors.index.json", "{}");
  EXPECT_THAT(Refusal(folder), HasSubstr("in several files"));
}

}  // namespace
}  // namespace limpid::client
