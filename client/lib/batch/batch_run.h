#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "lib/batch/journal.h"
#include "lib/batch/npz_folder.h"
#include "lib/batch/patience.h"
#include "lib/batch/progress.h"
#include "lib/explain_client.h"
#include "lib/texts/text_source.h"
#include "limpid/v1/explain.pb.h"

namespace limpid::client {

struct BatchPlan {
  v1::ExplainRequest request;  // without a text
  v1::ModelIdentity model;     // that is to answer, and no other
  bool predicts = false;       // Predict of each text, in place of Explain
  // Where there is one, an explanation's arrays go there before its line is written, and the line has no attention.
  const NpzFolder* arrays = nullptr;
  size_t concurrency = 1;
  std::optional<uint64_t> input_bytes;  // where they are known
};

struct BatchResult {
  RunCounts counts;
  absl::Duration elapsed;
  absl::Status first_failure;  // of a text, in this run
  // What stopped the run before all texts were done; the journal can be gone on with.
  absl::Status stopped_by;
};

// Takes the texts of `source` that `journal` has no line for, and appends a line for each in their order. A text that
// fails has a line that says so; what concerns all texts stops the run. When `is_over` comes true no more texts are
// taken, and what is under way is finished.
BatchResult RunBatch(const BatchPlan& plan, const ExplainClient& client, const Patience& patience,
                     const std::function<bool()>& is_over, TextSource* source, Journal* journal, Progress* progress);

}  // namespace limpid::client
