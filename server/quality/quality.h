#pragma once

#include "absl/status/statusor.h"
#include "explain/request.h"
#include "limpid/v1/explain.pb.h"

// How far an explanation can be trusted: the metrics of limpid.v1.Quality, one file each or a group that reads the same
// rows, and what holds them together (block.h). They are methods over a method's scores: each asks for rows and folds
// their results.
namespace limpid::quality {

// From the options to measurements that follow them. INVALID_ARGUMENT "quality.samples: is ..., must be ..."; what
// hangs on the input or the model is refused by Measurement::Check.
absl::StatusOr<explain::QualitySpec> ReadQuality(const v1::Quality& quality);

}  // namespace limpid::quality
