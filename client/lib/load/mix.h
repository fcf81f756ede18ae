#pragma once

#include <queue>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "lib/request/explain_options.h"
#include "limpid/v1/explain.pb.h"

namespace limpid::client {

// What one line of a mix asks for.
struct MixLine {
  v1::ExplainRequest request;
  bool predicts = false;  // Predict of the request's input, in place of Explain
  double weight = 1;      // how often, beside the other lines
  std::string label;      // whose calls are counted together; may be empty
};

// Reads JSON objects, one a line: "text" and, all of them optional, "text_pair", "weight", "label", "rpc" ("explain" or
// "predict") and the options of `limpid explain` without their dashes: {"text": "...", "method": "saliency",
// "attention_top_k": 4}. What a line does not say is as in `base`. INVALID_ARGUMENT names the line and the field.
absl::StatusOr<std::vector<MixLine>> ReadMix(const std::string& path, const ExplainOptions& base, bool predicts);

// Which line is next: each as often as its weight says, evenly spread (stride scheduling, Waldspurger 1995); lines of
// one weight take turns in their order.
class MixOrder {
 public:
  // `lines` must outlive this.
  explicit MixOrder(const std::vector<MixLine>& lines);
  const MixLine& Next();

 private:
  using Turn = std::pair<double, size_t>;  // when, and whose

  const std::vector<MixLine>& lines_;
  std::priority_queue<Turn, std::vector<Turn>, std::greater<>> turns_;
};

}  // namespace limpid::client
