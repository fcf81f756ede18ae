#pragma once

#include <memory>

#include "absl/functional/any_invocable.h"
#include "explain/event.h"
#include "explain/explainer.h"
#include "limpid/v1/explain.pb.h"

namespace limpid::rpc {

// The messages of one event, encoded one at a time: each call fills the next and says whether there is another.
using EventPart = absl::AnyInvocable<bool(v1::ExplainResponse*)>;

// `model` is the one that was asked.
EventPart MakeEventPart(explain::Event event, std::shared_ptr<const explain::Model> model);

}  // namespace limpid::rpc
