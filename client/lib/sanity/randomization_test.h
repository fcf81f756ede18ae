#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "lib/sanity/stored_weights.h"
#include "limpid/v1/explain.pb.h"

namespace limpid::client {

struct SanityPlan {
  std::filesystem::path model_folder;
  std::vector<StoredTensor> tensors;  // of `model_folder`
  std::string server_binary;
  std::vector<std::string> texts;
  std::vector<std::string> method_names;  // what the report calls them
  std::vector<v1::Method> methods;
  v1::Target target;  // unset: the model's default
  uint64_t seed = 0;
};

struct MethodSanity {
  std::string method;
  // By stage: mean over the texts of RankCorrelation between the explanations by the whole and by the shuffled model.
  // Nothing where no text has one.
  std::vector<std::optional<double>> correlations;

  // After everything was shuffled the explanation is still much the same.
  bool hardly_depends_on_weights() const;
};

// A text too short to rank, by the method that gives it the fewest units.
struct ShortText {
  std::string text, method;
  size_t num_units = 0;
};

struct SanityResult {
  size_t num_texts = 0;             // that the means are over
  std::vector<std::string> stages;  // see shuffle_stages.h
  std::vector<MethodSanity> methods;
  std::vector<std::string> methods_without_scores;  // left out, as they say nothing of pieces of text
  std::vector<ShortText> short_texts;               // left out of all methods, so that all have the same texts
};

// Called before each explanation with the stage, and the text's number from 1.
using SanityProgress = std::function<void(const std::string& stage, size_t text)>;

// The cascading model parameter randomization test (Adebayo et al. 2018, "Sanity Checks for Saliency Maps", section 3):
// from the top of the model down, each stage shuffles the weights of one more layer and explains the texts again, with
// the target that the whole model had. Special tokens are left out. Starts servers of its own, one at a time, and keeps
// one copy of the weights in a temporary folder; neither outlives the call. Blocks; made before any other thread.
//
// Errors of servers keep their codes. UNKNOWN for those of the system, and if no text has three units; CANCELLED after
// a Ctrl-C or the like, which then ends the process.
absl::StatusOr<SanityResult> RunRandomizationTest(const SanityPlan& plan, const SanityProgress& progress);

}  // namespace limpid::client
