#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/timer.h"
#include "base/worker_pool.h"
#include "explain/event.h"
#include "explain/live_sessions.h"
#include "explain/model.h"
#include "explain/model_registry.h"
#include "explain/request.h"
#include "schedule/admission.h"
#include "schedule/scheduler.h"
#include "text/tokenizer.h"

namespace limpid::explain {

// What the server accepts; each refusal names the field and the limit.
struct Limits {
  size_t max_text_bytes = 64 * 1024;
  size_t max_methods = 16;
  uint64_t max_attention_bytes = uint64_t{1} << 30;
};

// Where a request is. Set by whoever takes it there, read by whoever wants to know where it ended.
enum class Stage { kAdmission, kTokenize, kQueue, kCompute, kFold, kWrite };
struct Progress {
  std::atomic<Stage> stage = Stage::kAdmission;
};

// What a call brings along.
struct CallContext {
  std::stop_token stop = {};  // the caller has gone
  absl::Time deadline = absl::InfiniteFuture();
  std::string client = {};  // under which it is counted and limited
  uint64_t call = 0;        // requests of one call share its turns
  schedule::ClientLimits limits = {};
  std::shared_ptr<Progress> progress = std::make_shared<Progress>();
};

// What a request would take. Times are zero before the first batch was measured.
struct CostEstimate {
  uint32_t rows_forward = 0, rows_backward = 0;
  schedule::Demand demand;
  absl::Duration queue_time, compute_time;
  absl::Status admission;  // OK: it would be taken now
};

// What an explainer works with. All of it outlives the explainer; models may come and go.
struct ExplainerParts {
  const ModelRegistry* models = nullptr;
  schedule::Admission* admission = nullptr;
  schedule::Scheduler* scheduler = nullptr;
  base::WorkerPool* pool = nullptr;
  base::Timer* timer = nullptr;
};

// The explain room's door for the rpc room. Thread-safe; its methods return at once (Tokenize and EstimateCost
// excepted, which tokenize on the calling thread) and do their work on the pool and the compute worker.
class Explainer {
 public:
  Explainer(const ExplainerParts& parts, const Limits& limits);
  // Waits until every session has ended; those whose caller has gone end by themselves.
  ~Explainer();

  // Validates, then explains; everything that happens, refusals included, reaches `sink`, which is kept alive until
  // End was called.
  void Explain(ExplainRequest request, CallContext context, std::shared_ptr<EventSink> sink);

  // The same for a generation.
  void Generate(GenerateRequest request, CallContext context, std::shared_ptr<EventSink> sink);

  absl::StatusOr<text::Encoding> Tokenize(const std::string& model, const Input& input, const CallContext& context);
  // INVALID_ARGUMENT and NOT_FOUND as for Explain.
  absl::StatusOr<CostEstimate> EstimateCost(const ExplainRequest& request, const CallContext& context) const;

  const ModelRegistry& models() const { return *parts_.models; }
  // Empty name: the default model. NOT_FOUND names what is loaded.
  absl::StatusOr<std::shared_ptr<const Model>> Find(const std::string& name) const;
  const Limits& limits() const { return limits_; }

 private:
  const ExplainerParts parts_;
  const Limits limits_;
  LiveSessions sessions_;
};

}  // namespace limpid::explain
