#include "rpc/attention_chunks.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <numeric>
#include <vector>

#include "limpid/v1/explain.pb.h"
#include "rpc/half.h"
#include "rpc/wire.h"

namespace limpid::rpc {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::Le;
using Encoding = explain::AttentionSelection::Encoding;

// A map whose values say where they stand.
engine::HostTensor Map(int64_t heads, int64_t tokens, float first) {
  auto values = std::make_shared<std::vector<float>>(static_cast<size_t>(heads * tokens * tokens));
  std::iota(values->begin(), values->end(), first);
  return {.shape = {heads, tokens, tokens}, .values = *values, .owner = values};
}

// One event a layer, as a session gives them.
std::vector<explain::AttentionEvent> Maps(const std::vector<int32_t>& layers, const std::vector<int32_t>& heads,
                                          int64_t tokens) {
  std::vector<explain::AttentionEvent> events;
  const int64_t model_heads = *std::max_element(heads.begin(), heads.end()) + 1;
  for (int32_t layer : layers) {
    explain::AttentionEvent& event = events.emplace_back();
    event.layer = layer;
    event.layer_index = events.size() - 1;
    event.num_layers = layers.size();
    event.heads = heads;
    event.maps = Map(model_heads, tokens, static_cast<float>(1000 * layer));
  }
  return events;
}

v1::AttentionChunk Parse(const grpc::ByteBuffer& bytes) {
  v1::ExplainResponse response;
  EXPECT_TRUE(ParseMessage(bytes, &response).ok());
  EXPECT_TRUE(response.has_attention());
  return response.attention();
}

std::vector<v1::AttentionChunk> Cut(std::vector<explain::AttentionEvent> events) {
  std::vector<v1::AttentionChunk> cut;
  for (explain::AttentionEvent& event : events) {
    AttentionChunks chunks(std::move(event));
    const size_t before = cut.size();
    bool has_more = true;
    while (has_more) {
      grpc::ByteBuffer bytes;
      has_more = chunks.Next(&bytes);
      cut.push_back(Parse(bytes));
    }
    EXPECT_EQ(cut.size() - before, chunks.count());
  }
  for (size_t i = 0; i < cut.size(); ++i) {
    EXPECT_EQ(cut[i].chunk_index(), i);
    EXPECT_EQ(cut[i].chunk_count(), cut.size());
  }
  return cut;
}

std::vector<float> Floats(const v1::AttentionChunk& chunk) {
  std::vector<float> values(chunk.data().size() / sizeof(float));
  std::memcpy(values.data(), chunk.data().data(), chunk.data().size());
  return values;
}

size_t Elements(const v1::AttentionChunk& chunk) {
  return std::accumulate(chunk.shape().begin(), chunk.shape().end(), size_t{1}, std::multiplies<>());
}

// All payloads of one layer, one after the other: what a client puts together.
std::vector<float> Joined(const std::vector<v1::AttentionChunk>& chunks, uint32_t layer) {
  std::vector<float> joined;
  for (const v1::AttentionChunk& chunk : chunks) {
    if (chunk.layer() != layer) continue;
    const std::vector<float> values = Floats(chunk);
    EXPECT_EQ(values.size(), Elements(chunk));
    joined.insert(joined.end(), values.begin(), values.end());
  }
  return joined;
}

std::vector<size_t> PayloadSizes(const std::vector<v1::AttentionChunk>& chunks) {
  std::vector<size_t> sizes;
  for (const v1::AttentionChunk& chunk : chunks) sizes.push_back(chunk.data().size());
  return sizes;
}

TEST(AttentionChunks, ASmallMapIsOneChunkALayer) {
  const std::vector<v1::AttentionChunk> chunks = Cut(Maps({0, 2}, {0, 1, 2}, 4));

  ASSERT_EQ(chunks.size(), 2u);
  EXPECT_EQ(chunks[0].layer(), 0u);
  EXPECT_EQ(chunks[1].layer(), 2u);
  for (const v1::AttentionChunk& chunk : chunks) {
    EXPECT_THAT(chunk.heads(), ElementsAre(0, 1, 2));
    EXPECT_THAT(chunk.shape(), ElementsAre(3, 4, 4));
    EXPECT_EQ(chunk.query_begin(), 0u);
    EXPECT_EQ(chunk.encoding(), v1::ENCODING_FLOAT32);
    EXPECT_FALSE(chunk.mean_over_heads());
  }
  const engine::HostTensor expected = Map(3, 4, 2000);
  EXPECT_THAT(Floats(chunks[1]), ::testing::ElementsAreArray(expected.values));
}

TEST(AttentionChunks, ChosenHeadsComeInTheOrderChosen) {
  const std::vector<v1::AttentionChunk> chunks = Cut(Maps({1}, {2, 0}, 2));

  ASSERT_EQ(chunks.size(), 1u);
  EXPECT_THAT(chunks[0].heads(), ElementsAre(2, 0));
  EXPECT_THAT(Floats(chunks[0]), ElementsAre(1008, 1009, 1010, 1011, 1000, 1001, 1002, 1003));
}

TEST(AttentionChunks, TheMeanNamesTheHeadsItIsOf) {
  std::vector<explain::AttentionEvent> events = Maps({0}, {0, 3}, 2);
  events[0].maps = Map(1, 2, 7);
  events[0].mean_over_heads = true;

  const std::vector<v1::AttentionChunk> chunks = Cut(std::move(events));

  ASSERT_EQ(chunks.size(), 1u);
  EXPECT_TRUE(chunks[0].mean_over_heads());
  EXPECT_THAT(chunks[0].heads(), ElementsAre(0, 3));
  EXPECT_THAT(chunks[0].shape(), ElementsAre(1, 2, 2));
  EXPECT_THAT(Floats(chunks[0]), ElementsAre(7, 8, 9, 10));
}

TEST(AttentionChunks, WholeHeadsShareAChunkWhileTheyFit) {
  // 256 KiB a head: four fill a chunk.
  const std::vector<v1::AttentionChunk> chunks = Cut(Maps({0, 1}, {0, 1, 2, 3, 4, 5}, 256));

  ASSERT_EQ(chunks.size(), 4u);
  EXPECT_THAT(chunks[0].heads(), ElementsAre(0, 1, 2, 3));
  EXPECT_THAT(chunks[1].heads(), ElementsAre(4, 5));
  EXPECT_EQ(chunks[2].layer(), 1u);
  EXPECT_THAT(PayloadSizes(chunks), Each(Le(kMaxChunkBytes)));
  const engine::HostTensor expected = Map(6, 256, 1000);
  EXPECT_THAT(Joined(chunks, 1), ::testing::ElementsAreArray(expected.values));
}

TEST(AttentionChunks, ALargeHeadIsCutByQueries) {
  // 520 rows of 2080 bytes: 504 rows fill a chunk.
  const std::vector<v1::AttentionChunk> chunks = Cut(Maps({0}, {0, 1}, 520));

  ASSERT_EQ(chunks.size(), 4u);
  EXPECT_THAT(chunks[0].shape(), ElementsAre(1, 504, 520));
  EXPECT_THAT(chunks[1].shape(), ElementsAre(1, 16, 520));
  EXPECT_EQ(chunks[1].query_begin(), 504u);
  EXPECT_THAT(chunks[2].heads(), ElementsAre(1));
  EXPECT_EQ(chunks[2].query_begin(), 0u);
  EXPECT_THAT(PayloadSizes(chunks), Each(Le(kMaxChunkBytes)));
  const engine::HostTensor expected = Map(2, 520, 0);
  EXPECT_THAT(Joined(chunks, 0), ::testing::ElementsAreArray(expected.values));
}

TEST(AttentionChunks, Float16HalvesThePayload) {
  std::vector<explain::AttentionEvent> events = Maps({0}, {1}, 3);
  events[0].encoding = Encoding::kFloat16;
  const engine::HostTensor map = events[0].maps;

  const std::vector<v1::AttentionChunk> chunks = Cut(std::move(events));

  ASSERT_EQ(chunks.size(), 1u);
  EXPECT_EQ(chunks[0].encoding(), v1::ENCODING_FLOAT16);
  ASSERT_EQ(chunks[0].data().size(), 18u);
  for (size_t i = 0; i < 9; ++i) {
    uint16_t half;
    std::memcpy(&half, chunks[0].data().data() + 2 * i, 2);
    EXPECT_EQ(half, ToHalf(map.values[9 + i]));
  }
}

TEST(AttentionChunks, MessagesReferToTheMapsAndKeepThemUntilTheyAreGone) {
  explain::AttentionEvent event = Maps({0}, {0, 1}, 64).front();
  const std::shared_ptr<const int> reservation = std::make_shared<const int>(0);
  event.reservation = reservation;
  const float* const first = event.maps.values.data();
  const std::weak_ptr<const void> maps = event.maps.owner;
  grpc::ByteBuffer message;
  {
    AttentionChunks chunks(std::move(event));
    EXPECT_FALSE(chunks.Next(&message));
  }

  std::vector<grpc::Slice> slices;
  ASSERT_TRUE(message.Dump(&slices).ok());
  ASSERT_EQ(slices.size(), 3u);
  EXPECT_EQ(static_cast<const void*>(slices[1].begin()), first);
  EXPECT_FALSE(maps.expired());
  EXPECT_GT(reservation.use_count(), 1);
  slices.clear();
  message.Clear();
  EXPECT_TRUE(maps.expired());
  EXPECT_EQ(reservation.use_count(), 1);
}

// The largest `top_k` keys of two heads: values that say where they stand, positions that count from 0 in each row.
explain::AttentionEvent TopKeys(int64_t tokens, int64_t top_k) {
  explain::AttentionEvent event;
  event.heads = {5, 3};
  auto values = std::make_shared<std::vector<float>>(static_cast<size_t>(2 * tokens * top_k));
  std::iota(values->begin(), values->end(), 0.0f);
  event.maps = {.shape = {2, tokens, top_k}, .values = *values, .owner = values};
  auto positions = std::make_shared<std::vector<uint16_t>>();
  for (int64_t i = 0; i < 2 * tokens * top_k; ++i) positions->push_back(static_cast<uint16_t>(i % top_k));
  event.key_positions = positions;
  return event;
}

std::vector<uint16_t> Positions(const v1::AttentionChunk& chunk) {
  std::vector<uint16_t> positions(chunk.key_positions().size() / sizeof(uint16_t));
  std::memcpy(positions.data(), chunk.key_positions().data(), chunk.key_positions().size());
  return positions;
}

TEST(AttentionChunks, TheLargestKeysComeWithTheirPositions) {
  const std::vector<v1::AttentionChunk> chunks = Cut({TopKeys(3, 2)});

  ASSERT_EQ(chunks.size(), 1u);
  EXPECT_THAT(chunks[0].heads(), ElementsAre(5, 3));
  EXPECT_THAT(chunks[0].shape(), ElementsAre(2, 3, 2));
  EXPECT_EQ(chunks[0].num_tokens(), 3u);
  EXPECT_THAT(Floats(chunks[0]), ElementsAre(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11));
  EXPECT_THAT(Positions(chunks[0]), ElementsAre(0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1));
}

TEST(AttentionChunks, PositionsCountInAChunksSize) {
  // 800 rows of 250 keys: 699 rows of 1500 bytes fill a chunk in fp32, and a head of 4 bytes a key fits whole in fp16.
  std::vector<v1::AttentionChunk> chunks = Cut({TopKeys(800, 250)});
  ASSERT_EQ(chunks.size(), 4u);
  EXPECT_THAT(chunks[0].shape(), ElementsAre(1, 699, 250));
  EXPECT_THAT(chunks[3].shape(), ElementsAre(1, 101, 250));
  EXPECT_EQ(Floats(chunks[3])[0], (800 + 699) * 250.0f);
  for (const v1::AttentionChunk& chunk : chunks) {
    EXPECT_LE(chunk.data().size() + chunk.key_positions().size(), kMaxChunkBytes);
    EXPECT_EQ(Positions(chunk).size(), Elements(chunk));
  }

  explain::AttentionEvent halves = TopKeys(800, 250);
  halves.encoding = Encoding::kFloat16;
  chunks = Cut({std::move(halves)});
  ASSERT_EQ(chunks.size(), 2u);
  EXPECT_THAT(chunks[1].shape(), ElementsAre(1, 800, 250));
  EXPECT_EQ(chunks[1].data().size(), 800u * 250 * 2);
}

TEST(AttentionChunks, OneTokenIsAMapToo) {
  const std::vector<v1::AttentionChunk> chunks = Cut(Maps({0}, {0}, 1));

  ASSERT_EQ(chunks.size(), 1u);
  EXPECT_THAT(chunks[0].shape(), ElementsAre(1, 1, 1));
}

}  // namespace
}  // namespace limpid::rpc
