#pragma once

#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "engine/row.h"
#include "explain/event.h"
#include "explain/method.h"

namespace limpid::quality {

// A method run again on the same text with noise on its embeddings: all of its rows get the same noise. Tokens that
// move up because others are left out get that of their new place.
class NoisyRun {
 public:
  // `noise` is put on the embeddings at `at`.
  NoisyRun(std::unique_ptr<explain::Method> method, engine::AttachPoint at, engine::Noise noise);

  // Takes the results of the rows that it asked for last, none at first, and gives the next; none when done.
  absl::StatusOr<std::vector<engine::Row>> Fold(const explain::MethodInput& input, const engine::RowResult& base,
                                                std::span<const engine::RowResult> rows);

  // The scores [T], when done; none if some row of the method leaves no room for the noise, having its own or altering
  // the embeddings at another place.
  const std::optional<std::vector<float>>& scores() const { return scores_; }

 private:
  // False if there is no room.
  bool AddNoise(engine::Row* row) const;

  std::unique_ptr<explain::Method> method_;
  engine::Alteration alteration_;
  engine::Row base_row_;
  std::optional<engine::RowResult> base_;
  std::optional<std::vector<float>> scores_;
};

}  // namespace limpid::quality
