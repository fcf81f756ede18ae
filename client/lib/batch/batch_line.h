#pragma once

#include <string>

#include "absl/status/status.h"
#include "lib/gather.h"
#include "lib/texts/text_source.h"
#include "limpid/v1/explain.pb.h"

namespace limpid::client {

// Lines of `limpid batch`'s output, each a JSON object and a line end, in the form that Journal reads. client/README.md
// lists the fields. They hold nothing that differs from one run to the next but for the last digits of floats.

// "index", "id" if the text has one, "prediction", "attributions", and "attention" if there is some.
std::string ExplainedLine(const TextRecord& record, const Explanation& explanation);
// Without attributions.
std::string PredictedLine(const TextRecord& record, const v1::Prediction& prediction);
// "index", "error" with "code" (a gRPC status code's name) and "message", "id".
std::string FailedLine(const TextRecord& record, const absl::Status& failure);

}  // namespace limpid::client
