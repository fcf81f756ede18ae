#include "lib/request/explain_options.h"

#include <optional>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "lib/request/attention_spec.h"
#include "lib/request/method_spec.h"
#include "lib/request/target_spec.h"

namespace limpid::client {
namespace {

absl::Status NotOneOf(absl::string_view option, const std::string& value, absl::string_view choices) {
  return absl::InvalidArgumentError(absl::StrCat(option, " ", value, ": not one of ", choices));
}

absl::Status SetMethods(const ExplainOptions& options, v1::ExplainRequest* request) {
  for (const std::string& list : options.methods) {
    const absl::StatusOr<std::vector<v1::Method>> methods = ParseMethods(list);
    if (!methods.ok()) return methods.status();
    for (const v1::Method& method : *methods) *request->add_methods() = method;
  }
  return absl::OkStatus();
}

absl::Status SetTarget(const ExplainOptions& options, v1::ExplainRequest* request) {
  if (!options.target.empty()) {
    if (const absl::Status valid = CheckUtf8(options.target, "--target"); !valid.ok()) return valid;
    const absl::StatusOr<v1::Target> target = ParseTarget(options.target);
    if (!target.ok()) return target.status();
    *request->mutable_target() = *target;
  }
  if (options.score == "log_prob") {
    request->mutable_target()->set_score(v1::SCORE_LOG_PROB);
  } else if (options.score == "prob") {
    request->mutable_target()->set_score(v1::SCORE_PROB);
  } else if (options.score != "logit") {
    return NotOneOf("--score", options.score, "logit, log_prob, prob");
  }
  return absl::OkStatus();
}

absl::Status SetAttention(const ExplainOptions& options, v1::ExplainRequest* request) {
  const absl::StatusOr<std::optional<v1::AttentionSelection>> selection = ParseAttention(options.attention);
  if (!selection.ok()) return selection.status();
  if (options.attention_encoding != "fp32" && options.attention_encoding != "fp16") {
    return NotOneOf("--attention-encoding", options.attention_encoding, "fp32, fp16");
  }
  if (!selection->has_value()) {
    if (!options.attention_mean) return absl::OkStatus();
    return absl::InvalidArgumentError("--attention-mean: needs --attention");
  }
  v1::AttentionSelection* attention = request->mutable_attention();
  *attention = **selection;
  attention->set_mean_over_heads(options.attention_mean);
  attention->set_encoding(options.attention_encoding == "fp16" ? v1::ENCODING_FLOAT16 : v1::ENCODING_FLOAT32);
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<v1::ExplainRequest> MakeExplainRequest(const ExplainOptions& options, std::istream& standard_input) {
  v1::ExplainRequest request;
  if (const absl::Status valid = CheckUtf8(options.model, "--model"); !valid.ok()) return valid;
  request.set_model(options.model);
  if (const absl::Status methods = SetMethods(options, &request); !methods.ok()) return methods;
  if (const absl::Status target = SetTarget(options, &request); !target.ok()) return target;
  if (const absl::Status attention = SetAttention(options, &request); !attention.ok()) return attention;
  if (options.granularity == "word") {
    request.set_granularity(v1::GRANULARITY_WORD);
  } else if (options.granularity != "token") {
    return NotOneOf("--granularity", options.granularity, "token, word");
  }
  // Last, so that a slip in an option does not wait for someone to end standard input.
  absl::StatusOr<v1::Input> input = MakeInput(options.input, standard_input);
  if (!input.ok()) return input.status();
  *request.mutable_input() = *std::move(input);
  return request;
}

}  // namespace limpid::client
