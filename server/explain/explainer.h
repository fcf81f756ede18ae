#pragma once

#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/worker_pool.h"
#include "explain/event.h"
#include "explain/live_sessions.h"
#include "explain/model.h"
#include "explain/model_registry.h"
#include "explain/request.h"
#include "schedule/scheduler.h"
#include "text/tokenizer.h"

namespace limpid::explain {

// What the server accepts; each refusal names the field and the limit.
struct Limits {
  size_t max_text_bytes = 64 * 1024;
  size_t max_methods = 16;
  uint64_t max_attention_bytes = uint64_t{1} << 30;
};

// What a call brings along.
struct CallContext {
  std::stop_token stop;  // the caller has gone
  absl::Time deadline = absl::InfiniteFuture();
};

// The explain room's door for the rpc room. Thread-safe; its methods return at once (Tokenize excepted, which
// runs on the calling thread) and do their work on the pool and the compute worker.
class Explainer {
 public:
  // The registry, the scheduler and the pool outlive the explainer; models may come and go.
  Explainer(const ModelRegistry* models, Limits limits, schedule::Scheduler* scheduler, base::WorkerPool* pool);
  // Waits until every session has ended; those whose caller has gone end by themselves.
  ~Explainer();

  // Validates, then explains; everything that happens, refusals included, reaches `sink`, which is kept alive until
  // End was called.
  void Explain(ExplainRequest request, CallContext context, std::shared_ptr<EventSink> sink);

  absl::StatusOr<text::Encoding> Tokenize(const std::string& model, const Input& input) const;

  const ModelRegistry& models() const { return *models_; }
  // Empty name: the default model. NOT_FOUND names what is loaded.
  absl::StatusOr<std::shared_ptr<const Model>> Find(const std::string& name) const;
  const Limits& limits() const { return limits_; }

 private:
  const ModelRegistry* const models_;
  const Limits limits_;
  schedule::Scheduler* const scheduler_;
  base::WorkerPool* const pool_;
  LiveSessions sessions_;
};

// Names of the methods in the order of the registry, as in MethodCard::method.
std::vector<std::string> MethodNames();

}  // namespace limpid::explain
