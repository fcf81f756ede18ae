#pragma once

#include <functional>
#include <span>
#include <string>
#include <vector>

#include "lib/explain_client.h"
#include "lib/load/mix.h"
#include "lib/load/stage.h"
#include "lib/load/stage_result.h"

namespace limpid::client {

// One connection of a load.
struct Connection {
  std::string server;
  ExplainClient client;
};

// Makes the calls of one stage, each by a thread of its own stream, and gathers and checks every answer in full.
// Streams are dealt out to `connections`, which is not empty. A call that fails is counted and not tried again.
// When `is_over`, thread-safe, comes true no more calls are made, and the stage ends with those under way.
StageResult RunStage(std::span<const Connection> connections, const std::vector<MixLine>& mix, const Stage& stage,
                     const std::function<bool()>& is_over);

}  // namespace limpid::client
