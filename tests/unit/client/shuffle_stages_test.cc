#include "lib/sanity/shuffle_stages.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"

namespace limpid::client {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

// "stage: tensor tensor".
std::vector<std::string> Stages(const std::vector<std::string>& names, bool has_head = true) {
  std::vector<StoredTensor> tensors;
  for (const std::string& name : names) tensors.push_back({.name = name, .offset = 0, .num_elements = 0});
  std::vector<std::string> described;
  for (const ShuffleStage& stage : ShuffleStages(tensors, has_head)) {
    described.push_back(stage.name + ":");
    for (const StoredTensor& tensor : stage.tensors) absl::StrAppend(&described.back(), " ", tensor.name);
  }
  return described;
}

TEST(ShuffleStages, GoFromTheTopDownByTheNumberInTheName) {
  EXPECT_THAT(Stages({"bert.embeddings.word.weight", "bert.layer.2.x.0.weight", "bert.layer.10.x", "bert.layer.2.y",
                      "bert.pooler.weight", "classifier.bias"}),
              ElementsAre("head: bert.pooler.weight classifier.bias", "L10: bert.layer.10.x",
                          "L2: bert.layer.2.x.0.weight bert.layer.2.y", "embeddings: bert.embeddings.word.weight"));
}

TEST(ShuffleStages, WithoutAHeadWhatStandsAboveTheLayersGoesWithTheLast) {
  EXPECT_THAT(Stages({"embed_tokens", "layers.0.x", "layers.1.x", "norm"}, /*has_head=*/false),
              ElementsAre("L1: layers.1.x norm", "L0: layers.0.x", "embeddings: embed_tokens"));
}

TEST(ShuffleStages, OnesWithoutTensorsAreLeftOut) {
  EXPECT_THAT(Stages({"layers.0.x"}), ElementsAre("L0: layers.0.x"));
  EXPECT_THAT(Stages({}), IsEmpty());
}

}  // namespace
}  // namespace limpid::client
