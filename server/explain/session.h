#pragma once

#include <memory>

#include "explain/event.h"
#include "explain/explainer.h"
#include "explain/live_sessions.h"
#include "explain/request.h"
#include "schedule/admission.h"

namespace limpid::explain {

// What sessions work with; outlives them.
struct Workplace {
  ExplainerParts parts;
  const Limits* limits = nullptr;
  LiveSessions* sessions = nullptr;
};

// One request that was admitted.
struct SessionStart {
  std::shared_ptr<const Model> model;
  ExplainRequest request;
  CallContext context;
  std::shared_ptr<schedule::Admission::Permit> permit;
  std::shared_ptr<EventSink> sink;
};

// Explains one request: tokenize, resolve the target, check and plan the methods -> [run the other text] -> [run
// forward, look at the condition] -> run rows -> fold -> perhaps more rows -> summary. Returns at once; each step is a
// task on the pool, so that neither the calling thread nor the compute thread ever does more than pass results on.
// Stops at the next step when the caller has gone or his deadline came; a caller who allows it gets what is there
// shortly before his deadline.
void StartSession(const Workplace& workplace, SessionStart start);

}  // namespace limpid::explain
