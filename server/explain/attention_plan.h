#pragma once

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "engine/engine.h"
#include "engine/row.h"
#include "explain/event.h"
#include "explain/request.h"

namespace limpid::explain {

// Of one key of a query row as it is sent.
size_t PayloadBytes(AttentionSelection::Encoding encoding, bool has_position);

// The attention maps that a request gets: its selection on one model and one text.
class AttentionPlan {
 public:
  // INVALID_ARGUMENT naming a layer or head that the model lacks, more tokens than top_k's positions can tell apart, or
  // both sizes when the maps of `num_tokens` tokens are more than `max_bytes`.
  static absl::StatusOr<AttentionPlan> Create(const AttentionSelection& selection, const engine::ModelCard& model,
                                              size_t num_tokens, uint64_t max_bytes);

  // Ascending, each once.
  const std::vector<int32_t>& layers() const { return layers_; }
  // Of the payload, in the encoding asked for.
  uint64_t num_bytes() const { return num_bytes_; }
  // Of what the events hold besides the pass's own maps; 0 where they refer to these.
  uint64_t copied_bytes() const { return copied_bytes_; }

  // The event of one layer, an element of layers(), from its maps [model heads, T, T].
  AttentionEvent MakeEvent(int32_t layer, const engine::HostTensor& maps) const;

 private:
  AttentionPlan() = default;

  std::vector<int32_t> layers_, heads_;
  bool mean_over_heads_ = false;
  AttentionSelection::Encoding encoding_ = AttentionSelection::Encoding::kFloat32;
  size_t top_k_ = 0;  // at most as many as there are tokens; 0: all keys are sent
  uint64_t num_bytes_ = 0, copied_bytes_ = 0;
};

}  // namespace limpid::explain
