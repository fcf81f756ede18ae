#pragma once

#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "engine/engine.h"
#include "engine/row.h"
#include "explain/event.h"
#include "explain/method.h"

namespace limpid::methods {

// What a search for edits is about: the target's class against the best other, or against the foil of a contrast, by
// their logits.
class Decision {
 public:
  // INVALID_ARGUMENT unless there is one: a classifier of at least two classes, of which exactly one holds, and a class
  // or contrast as target.
  static absl::Status Check(const explain::MethodInput& input);

  Decision(const explain::MethodInput& input, const engine::Prediction& base);

  // > 0: the target's class is ahead. The decision is another one where it is < 0.
  float Margin(const std::vector<float>& logits) const;

  // The margin, to be differentiated.
  engine::Target MarginTarget() const;

  // Completes what the model says of the input before and after the edits.
  void Describe(const engine::ModelCard& model, const std::vector<float>& before, const std::vector<float>& after,
                explain::Edits* edits) const;

 private:
  const int32_t class_index_;
  const int32_t foil_index_;  // Target::kRunnerUp: the best other, whichever it is
};

}  // namespace limpid::methods
