#pragma once

#include <memory>

#include "explain/event.h"
#include "explain/explainer.h"
#include "explain/request.h"
#include "explain/session.h"
#include "schedule/admission.h"

namespace limpid::explain {

// One generation that was admitted.
struct GenerationStart {
  std::shared_ptr<const Model> model;
  GenerateRequest request;
  CallContext context;
  std::shared_ptr<schedule::Admission::Permit> permit;
  std::shared_ptr<EventSink> sink;
};

// Generates, token by token: [run what is given] -> run the tokens that are new -> choose -> [explain: fold, perhaps
// more rows] -> the next token -> summary. Each token is a row that goes on from the past of those before; where it can
// be known what the row is differentiated toward (the best token, or a given one), its explanation is the backward pass
// of the same row. As for StartSession, this returns at once.
void StartGeneration(const Workplace& workplace, GenerationStart start);

}  // namespace limpid::explain
