#pragma once

#include <cstdint>
#include <istream>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "lib/request/explain_options.h"
#include "limpid/v1/explain.pb.h"

namespace limpid::client {

// A generation asked for, as typed.
struct GenerateOptions {
  GenerateOptions() { explain.methods.clear(); }

  ExplainOptions explain;  // of which a generation has no attention maps, spans and special tokens
  std::string completion;  // empty: the model's own
  double temperature = 0, top_p = 0;
  uint32_t top_k = 0, max_new_tokens = 0, alternatives = 0;
  uint64_t seed = 0;
  std::vector<std::string> stop;
  bool ignore_end = false;
  std::vector<uint32_t> explained;
};

// INVALID_ARGUMENT names the option.
absl::StatusOr<v1::GenerateRequest> MakeGenerateRequest(const GenerateOptions& options, std::istream& standard_input);

}  // namespace limpid::client
