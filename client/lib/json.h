#pragma once

#include <string>

#include "google/protobuf/message.h"
#include "lib/gather.h"
#include "nlohmann/json.hpp"

namespace limpid::client {

// Keys in the order written, numbers as the shortest text that reads back as the same float.
using Json = nlohmann::basic_json<nlohmann::ordered_map, std::vector, std::string, bool, int64_t, uint64_t, float>;

// The message in Protobuf's JSON form with the contract's field names; fields at their default are there, too.
Json ToJson(const google::protobuf::Message& message);

// {"layer", "heads", "mean_over_heads", "values": [H][T][K]}, and with top_k "key_positions": [H][T][K].
Json ToJson(const AttentionMaps& maps);

// {"prediction", "attributions", "refinements", "quality", "attention", "summary"}: the contract's messages, but
// attention as one entry a layer.
Json ToJson(const Explanation& explanation);

// What the numbers of an answer mean, without the numbers: {"target", "methods", "truncated", "summary"}.
Json Provenance(const Explanation& explanation);

// One text with a newline at its end. Text that is not UTF-8 comes with U+FFFD in its place.
std::string Dump(const Json& json, int indent = 2);

}  // namespace limpid::client
