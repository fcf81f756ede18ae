#pragma once

#include <memory>
#include <string>

#include "engine/engine.h"
#include "explain/canary.h"
#include "text/tokenizer.h"

namespace limpid::telemetry {
struct ModelMetrics;
}

namespace limpid::explain {

// A model ready to be asked: immutable, shared by all calls. A call that has begun keeps the model it began with, also
// when another has taken its place.
struct Model {
  std::string name;
  std::unique_ptr<const text::Tokenizer> tokenizer;
  std::shared_ptr<engine::Engine> engine;      // Run only by the scheduler's compute worker; rows that wait share it
  telemetry::ModelMetrics* metrics = nullptr;  // outlives the model; null: nothing is counted
  std::string folder;                          // where it was read from
  CanaryAnswer canary;                         // what its engine has to answer for ever
};

}  // namespace limpid::explain
