#pragma once

#include <cstdint>
#include <istream>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "lib/request/input.h"
#include "limpid/v1/explain.pb.h"

namespace limpid::client {

// An explanation asked for, as typed; method_spec.h, target_spec.h and attention_spec.h say what may be typed.
struct ExplainOptions {
  InputOptions input;
  std::string model;
  std::vector<std::string> methods = {"saliency"};  // each a comma list
  std::string target;                               // empty: the model's default
  std::optional<uint32_t> position;                 // the token whose scores are meant
  std::string score = "logit";
  std::string attention = "none";
  bool attention_mean = false;
  std::string attention_encoding = "fp32";
  uint32_t attention_top_k = 0;  // 0: all keys
  std::string granularity = "token";
  std::vector<std::string> spans;  // each BEGIN-END, in bytes of the text
  std::string aggregation = "sum";
  std::string normalization = "none";
  bool drop_special_tokens = false;
  std::string quality = "none";  // "default", or metrics and options of v1::Quality, each after a ':'
};

// INVALID_ARGUMENT names the option.
absl::StatusOr<v1::ExplainRequest> MakeExplainRequest(const ExplainOptions& options, std::istream& standard_input);

}  // namespace limpid::client
