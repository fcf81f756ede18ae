#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "absl/status/statusor.h"
#include "engine/row.h"
#include "explain/attention_plan.h"
#include "explain/condition.h"
#include "explain/event.h"
#include "explain/method_runs.h"
#include "explain/model.h"
#include "explain/request.h"
#include "schedule/admission.h"
#include "text/tokenizer.h"

namespace limpid::explain {

struct Limits;

// A request understood: tokenized, resolved against its model, and what its rows will cost. Nothing has been computed.
struct Preparation {
  text::Encoding encoding;
  std::optional<text::Encoding> similarity_encoding;  // of the other text, for a similarity target
  engine::Row base_row;                               // with all that is wanted of it; its reference is still missing
  std::optional<Condition> condition;
  std::optional<AttentionPlan> attention;
  std::vector<Unit> units;

  // What `demand` has for rows that the methods are expected to ask for later.
  schedule::Demand later;
  // What `demand` has for attention maps of the base row's pass of which the answer holds copies, or parts.
  uint64_t passing_bytes = 0;

  // Of all rows that are expected to run, as in SummaryEvent.
  uint32_t rows_forward = 0, rows_backward = 0;
  schedule::Demand demand;
};

// INVALID_ARGUMENT naming the field. Takes as long as tokenizing; `methods` are those of the request.
absl::StatusOr<Preparation> Prepare(const Model& model, const ExplainRequest& request, const Limits& limits,
                                    MethodRuns* methods);

// What the methods look at; of things that outlive it.
MethodInput InputOf(const Model& model, const ExplainRequest& request, const Preparation& prepared);

// Of rows, results included.
schedule::Demand DemandOf(const engine::Engine& engine, std::span<const engine::Row> rows);

// Tokens and operations of `asked` beyond those that were expected; what was expected is taken off `later`.
schedule::Demand TakeUnexpected(const schedule::Demand& asked, schedule::Demand* later);

// What a request may take, before anything of it is read: from the bytes of its texts.
schedule::Demand GuessDemand(const Model& model, const ExplainRequest& request);

}  // namespace limpid::explain
