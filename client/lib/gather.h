#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "limpid/v1/explain.pb.h"

namespace limpid::client {

// All chunks of one layer put together.
struct AttentionMaps {
  uint32_t layer = 0;
  std::vector<uint32_t> heads;  // of the model; with mean_over_heads those that were averaged
  bool mean_over_heads = false;
  size_t num_tokens = 0;  // and query rows
  size_t num_keys = 0;    // of each row: num_tokens, or with top_k the largest
  v1::Encoding encoding = v1::ENCODING_FLOAT32;
  std::string data;           // [num_maps(), num_tokens, num_keys], encoded as `encoding` says
  std::string key_positions;  // uint16 of the same shape, each below num_tokens; empty where all keys are there

  size_t num_maps() const { return mean_over_heads ? 1 : heads.size(); }
  size_t value_bytes() const { return encoding == v1::ENCODING_FLOAT16 ? 2 : 4; }
};

// One whole answer.
struct Explanation {
  v1::Prediction prediction;
  std::vector<v1::Attribution> attributions;  // as many as methods were asked, less summary.missing_methods, in order
  std::vector<v1::Attribution> refinements;   // that came before their method's own, as they came
  std::vector<v1::QualityReport> quality;     // of methods with token scores, if asked for, in order
  std::vector<AttentionMaps> attention;       // by layer, in the order asked
  v1::Summary summary;
};

// Puts the parts of one stream together and holds them against the contract and the request: what comes out is
// complete and every range in it lies within the tokens and texts, so that nobody behind it needs to check again.
// A breach is DATA_LOSS saying what is wrong. Not thread-safe.
class Gatherer {
 public:
  // Keeps a copy of what it needs of `request`.
  explicit Gatherer(const v1::ExplainRequest& request);

  // Takes the contents of `part`.
  absl::Status Add(v1::ExplainResponse* part);

  // After the stream's end.
  absl::StatusOr<Explanation> Finish() &&;

 private:
  absl::Status CheckTokenOutputs(const v1::Prediction& prediction) const;
  absl::Status AddPrediction(v1::Prediction* prediction);
  absl::Status AddAttribution(v1::Attribution* attribution);
  absl::Status AddQuality(v1::QualityReport* report);
  absl::Status AddChunk(v1::AttentionChunk* part);
  absl::Status CheckUnit(const v1::Unit& unit) const;
  // With their units, matrix and edits.
  absl::Status CheckScores(const v1::Attribution& attribution) const;
  absl::Status CheckEdits(const v1::Edits& edits) const;
  // Bytes of text that a unit or token of `sequence` can point into.
  size_t TextBytes(int32_t sequence) const;

  const size_t num_methods_;
  const size_t text_bytes_;
  const size_t pair_bytes_;
  Explanation explanation_;
  bool has_prediction_ = false, has_summary_ = false;
  uint32_t chunks_seen_ = 0;
  uint32_t chunk_count_ = 0;
};

}  // namespace limpid::client
