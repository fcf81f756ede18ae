#pragma once

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "limpid/v1/explain.pb.h"

namespace limpid::client {

// What is explained, as a person writes it:
//   predicted            the predicted class
//   mean                 the mean of the model's output
//   CLASS                a class by label or index; label=X and index=N where a label looks like something else
//   A-vs-B               why class A rather than B; A may be "predicted", B "runner_up"
//   similarity=TEXT      closeness to another text
// INVALID_ARGUMENT says what is possible instead. Whether the class exists is the server's to say.
absl::StatusOr<v1::Target> ParseTarget(absl::string_view spec);

}  // namespace limpid::client
