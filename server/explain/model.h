#pragma once

#include <memory>
#include <string>

#include "engine/engine.h"
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
};

}  // namespace limpid::explain
