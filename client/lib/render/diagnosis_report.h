#pragma once

#include <string>

#include "lib/channel.h"
#include "lib/diagnosis.h"
#include "lib/json.h"
#include "lib/render/palette.h"

namespace limpid::client {

// A line a fact; the last line says whether all is well.
std::string DiagnosisReport(const Diagnosis& diagnosis, const ServerAddress& server, const Palette& palette);

// {"server", "tls", "well", "round_trip_ms", "health", "version", "device", "threads", "models", "self_tests"}
Json DiagnosisJson(const Diagnosis& diagnosis, const ServerAddress& server);

}  // namespace limpid::client
