#include "lib/request/generate_options.h"

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace limpid::client {

absl::StatusOr<v1::GenerateRequest> MakeGenerateRequest(const GenerateOptions& options, std::istream& standard_input) {
  if (const absl::Status valid = CheckUtf8(options.completion, "--completion"); !valid.ok()) return valid;
  for (const std::string& stop : options.stop) {
    if (const absl::Status valid = CheckUtf8(stop, "--stop"); !valid.ok()) return valid;
  }
  absl::StatusOr<v1::ExplainRequest> explain = MakeExplainRequest(options.explain, standard_input);
  if (!explain.ok()) return explain.status();
  v1::GenerateRequest request;
  request.set_model(explain->model());
  *request.mutable_input() = std::move(*explain->mutable_input());
  *request.mutable_methods() = std::move(*explain->mutable_methods());
  if (explain->has_target()) *request.mutable_target() = explain->target();
  if (explain->has_quality()) *request.mutable_quality() = explain->quality();
  request.set_granularity(explain->granularity());
  request.set_aggregation(explain->aggregation());
  request.set_normalization(explain->normalization());
  if (!options.completion.empty()) request.mutable_completion()->set_text(options.completion);
  v1::Sampling* sampling = request.mutable_sampling();
  sampling->set_temperature(static_cast<float>(options.temperature));
  sampling->set_top_k(options.top_k);
  sampling->set_top_p(static_cast<float>(options.top_p));
  sampling->set_seed(options.seed);
  request.set_max_new_tokens(options.max_new_tokens);
  for (const std::string& stop : options.stop) request.add_stop(stop);
  request.set_ignore_end(options.ignore_end);
  for (const uint32_t index : options.explained) request.add_explained(index);
  request.set_alternatives(options.alternatives);
  return request;
}

}  // namespace limpid::client
