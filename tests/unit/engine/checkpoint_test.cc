#include "engine/weights/checkpoint.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <string>

#include "engine/engine.h"
#include "support/status_matchers.h"
#include "unit/engine/tiny_model.h"

namespace limpid::engine {
namespace {

using ::limpid::testing::IsOk;
using ::limpid::testing::StatusIs;
using ::testing::HasSubstr;

constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;
constexpr char kIndex[] = "model.safetensors.index.json";

// Of one number.
std::string ShardOf(const std::map<std::string, float>& numbers) {
  TinyWeights weights;
  for (const auto& [name, number] : numbers) weights[name] = {{1}, {number}};
  return SafetensorsBytes(weights);
}

std::string IndexOf(const std::map<std::string, std::string>& shard_of) {
  return nlohmann::json({{"metadata", {{"total_size", 8}}}, {"weight_map", shard_of}}).dump();
}

// "x" in "1.safetensors" and "y" in "2.safetensors", and what `files` has instead.
auto OpenShards(const std::string& name, std::map<std::string, std::string> files) {
  files.merge(std::map<std::string, std::string>{{kIndex, IndexOf({{"x", "1.safetensors"}, {"y", "2.safetensors"}})},
                                                 {"1.safetensors", ShardOf({{"x", 1}})},
                                                 {"2.safetensors", ShardOf({{"y", 2}})}});
  return Checkpoint::Open(WriteFolder(name, files));
}

float NumberOf(const Checkpoint& checkpoint, const std::string& name) {
  return *reinterpret_cast<const float*>(checkpoint.Find(name)->bytes.data());
}

TEST(Checkpoint, FindsTensorsInAllShards) {
  const auto checkpoint = OpenShards("shards", {});

  ASSERT_THAT(checkpoint, IsOk());
  EXPECT_EQ(NumberOf(**checkpoint, "x"), 1);
  EXPECT_EQ(NumberOf(**checkpoint, "y"), 2);
  EXPECT_EQ((*checkpoint)->Find("z"), nullptr);
}

TEST(Checkpoint, PrefersTheWholeFileAsTransformersDoes) {
  const auto checkpoint = OpenShards("whole", {{"model.safetensors", ShardOf({{"x", 3}})}});

  ASSERT_THAT(checkpoint, IsOk());
  EXPECT_EQ(NumberOf(**checkpoint, "x"), 3);
  EXPECT_EQ((*checkpoint)->Find("y"), nullptr);
}

TEST(Checkpoint, HashIsOfTheFilesInOrderOfTheirNames) {
  const auto hash = [](const std::string& name, const std::map<std::string, std::string>& files) {
    return Checkpoint::Open(WriteFolder(name, files)).value()->Sha256Hex();
  };
  // Both headers are of one file's length, so that the shards are told apart by their bytes alone.
  const std::string x = ShardOf({{"x", 1}}), y = ShardOf({{"y", 2}});
  const std::string x_first = hash("x_first", {{"1.safetensors", x},
                                               {"2.safetensors", y},
                                               {kIndex, IndexOf({{"x", "1.safetensors"}, {"y", "2.safetensors"}})}});
  EXPECT_EQ(x_first, hash("named", {{"a.safetensors", x},
                                    {"b.safetensors", y},
                                    {kIndex, IndexOf({{"x", "a.safetensors"}, {"y", "b.safetensors"}})}}));
  EXPECT_NE(x_first, hash("y_first", {{"1.safetensors", y},
                                      {"2.safetensors", x},
                                      {kIndex, IndexOf({{"x", "2.safetensors"}, {"y", "1.safetensors"}})}}));
  EXPECT_EQ(hash("whole_x", {{"model.safetensors", x}}),
            hash("one_shard", {{"1.safetensors", x}, {kIndex, IndexOf({{"x", "1.safetensors"}})}}));
}

TEST(Checkpoint, AShardThatLacksATensorIsNamed) {
  EXPECT_THAT(OpenShards("lacks", {{"2.safetensors", ShardOf({{"z", 2}})}}),
              StatusIs(kInvalid, HasSubstr("model.safetensors.index.json: weight_map: 'y' is not in 2.safetensors")));
}

TEST(Checkpoint, ATensorOfATypeThatNoWeightHasMayBeInTheIndex) {
  const std::string integers =
      WithHeader(R"({"y": {"dtype": "I64", "shape": [1], "data_offsets": [0, 8]}})", std::string(8, '\0'));
  const auto checkpoint = OpenShards("integers", {{"2.safetensors", integers}});

  ASSERT_THAT(checkpoint, IsOk());
  EXPECT_EQ((*checkpoint)->Find("y"), nullptr);
}

TEST(Checkpoint, ATensorOfTwoShardsIsRefused) {
  EXPECT_THAT(OpenShards("twice", {{"2.safetensors", ShardOf({{"x", 1}, {"y", 2}})}}),
              StatusIs(kInvalid, HasSubstr("'x' is in 1.safetensors and in 2.safetensors")));
}

TEST(Checkpoint, FilesErrorsNameThem) {
  const std::string folder = WriteFolder("absent", {{kIndex, IndexOf({{"x", "1.safetensors"}})}});

  EXPECT_THAT(Checkpoint::Open(folder), StatusIs(absl::StatusCode::kNotFound, HasSubstr("/1.safetensors")));
  EXPECT_THAT(OpenShards("broken", {{"1.safetensors", "abc"}}), StatusIs(kInvalid, HasSubstr("/1.safetensors")));
  EXPECT_THAT(Checkpoint::Open(WriteFolder("neither", {{"x", ""}})),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("/model.safetensors")));
}

TEST(Checkpoint, AnIndexThatIsNoneIsRefused) {
  const auto refuses = [](const std::string& index, const std::string& says) {
    EXPECT_THAT(OpenShards("bad_index", {{kIndex, index}}), StatusIs(kInvalid, HasSubstr(says))) << index;
  };
  refuses("[]", "index.json: not a JSON object");
  refuses("{}", "weight_map: names 0 files");
  refuses(R"({"weight_map": ["x"]})", "weight_map: must be an object");
  refuses(R"({"weight_map": {"x": 1}})", "weight_map: has no string for key \"x\"");
  std::map<std::string, std::string> many;
  for (int i = 0; i <= 2000; ++i) many[std::to_string(i)] = std::to_string(i) + ".safetensors";
  refuses(IndexOf(many), "weight_map: names 2001 files, must be 1 to 2000");
}

TEST(Checkpoint, AnIndexNamesFilesOfItsFolderOnly) {
  const std::string nul("1\0.safetensors", 14);
  for (const std::string& shard :
       {std::string("../1.safetensors"), std::string("/tmp/1.safetensors"), std::string("sub/1.safetensors"),
        std::string(".."), std::string(""), std::string(".safetensors"), std::string("tokenizer.json"), nul}) {
    EXPECT_THAT(OpenShards("leaves", {{kIndex, IndexOf({{"x", shard}})}}),
                StatusIs(kInvalid, HasSubstr("weight_map: 'x' must lie in a .safetensors file of the same folder")))
        << shard;
  }
}

TEST(Checkpoint, AModelInShardsIsTheModel) {
  const TinyConfig config;
  const TinyWeights whole = RandomWeights(config, 1);
  TinyWeights halves[2];
  std::map<std::string, std::string> shard_of;
  for (const auto& [name, tensor] : whole) {
    const size_t half = shard_of.size() % 2;
    halves[half][name] = tensor;
    shard_of[name] = half == 0 ? "1.safetensors" : "2.safetensors";
  }
  const std::string folder = WriteFolder("model_in_shards", {{"config.json", ConfigJsonOf(config).dump()},
                                                             {kIndex, IndexOf(shard_of)},
                                                             {"1.safetensors", SafetensorsBytes(halves[0])},
                                                             {"2.safetensors", SafetensorsBytes(halves[1])}});
  const Row row = RandomRow(config, 6, 1, AnyTarget(config));
  for (const bool map_weights : {false, true}) {
    const EngineOptions options = {.device = "cpu", .num_threads = 1, .map_weights = map_weights};
    const auto sharded = LoadEngine(folder, options), one = LoadEngine(WriteTinyModel("model_whole", config), options);
    ASSERT_THAT(sharded, IsOk());
    EXPECT_EQ(RunRows(sharded->get(), {row})[0].prediction.logits, RunRows(one->get(), {row})[0].prediction.logits);
    EXPECT_NE((*sharded)->card().weights_sha256, (*one)->card().weights_sha256);
  }
}

}  // namespace
}  // namespace limpid::engine
