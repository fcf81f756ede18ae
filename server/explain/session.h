#pragma once

#include <memory>

#include "base/worker_pool.h"
#include "explain/event.h"
#include "explain/explainer.h"
#include "explain/live_sessions.h"
#include "explain/request.h"
#include "schedule/scheduler.h"

namespace limpid::explain {

// What sessions work with; outlives them.
struct Workplace {
  schedule::Scheduler* scheduler = nullptr;
  base::WorkerPool* pool = nullptr;
  const Limits* limits = nullptr;
  LiveSessions* sessions = nullptr;
};

// Explains one request: tokenize -> resolve the target -> check and plan the methods -> run rows -> fold -> perhaps
// more rows -> summary. Returns at once; each step is a task on the pool, so that neither the calling thread nor the
// compute thread ever does more than pass results on. Stops at the next step when the caller has gone or his deadline
// came.
void StartSession(const Workplace& workplace, std::shared_ptr<const Model> model, ExplainRequest request,
                  CallContext context, std::shared_ptr<EventSink> sink);

}  // namespace limpid::explain
