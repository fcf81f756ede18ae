#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "limpid/v1/explain.pb.h"

namespace limpid::client {

// One thing that was tried on a model.
struct CheckItem {
  std::string what;
  bool passed = false;
  std::string found;  // in words
};

struct ModelCheck {
  v1::Model model;
  std::vector<CheckItem> items;

  bool passed() const;
};

// Loads the folder into a private server, which holds its tuned passes against the reference ones before it serves, and
// tries: that the model answers a text, that it says the same twice, and that its gradients add up: integrated
// gradients must sum to the difference of the target between the text and nothing. UNKNOWN with what the server said if
// the folder does not load.
absl::StatusOr<ModelCheck> CheckModel(const std::string& server_binary, const std::string& model_folder);

}  // namespace limpid::client
