#include "lib/request/explain_options.h"

#include <optional>

#include "absl/status/status.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "lib/request/attention_spec.h"
#include "lib/request/message_options.h"
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
  if (options.position.has_value()) request->mutable_target()->set_position(*options.position);
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
    if (options.attention_mean) return absl::InvalidArgumentError("--attention-mean: needs --attention");
    if (options.attention_top_k > 0) return absl::InvalidArgumentError("--attention-top-k: needs --attention");
    return absl::OkStatus();
  }
  v1::AttentionSelection* attention = request->mutable_attention();
  *attention = **selection;
  attention->set_mean_over_heads(options.attention_mean);
  attention->set_encoding(options.attention_encoding == "fp16" ? v1::ENCODING_FLOAT16 : v1::ENCODING_FLOAT32);
  attention->set_top_k(options.attention_top_k);
  return absl::OkStatus();
}

absl::Status AddSpan(const std::string& typed, v1::ExplainRequest* request) {
  const std::vector<std::string> ends = absl::StrSplit(typed, '-');
  uint32_t begin = 0, end = 0;
  if (ends.size() != 2 || !absl::SimpleAtoi(ends[0], &begin) || !absl::SimpleAtoi(ends[1], &end)) {
    return absl::InvalidArgumentError(absl::StrCat("--span ", typed, ": not BEGIN-END in bytes, e.g. 0-12"));
  }
  v1::Span* span = request->add_spans();
  span->set_begin_byte(begin);
  span->set_end_byte(end);
  return absl::OkStatus();
}

// How the scores are to come.
absl::Status SetForm(const ExplainOptions& options, v1::ExplainRequest* request) {
  if (!SetOption(absl::StrCat("granularity=", options.granularity), request)) {
    return NotOneOf("--granularity", options.granularity, "token, word, sentence, span");
  }
  if (!SetOption(absl::StrCat("aggregation=", options.aggregation), request)) {
    return NotOneOf("--aggregation", options.aggregation, "sum, sum_abs");
  }
  if (options.normalization != "none" && !SetOption(absl::StrCat("normalization=", options.normalization), request)) {
    return NotOneOf("--normalization", options.normalization, "none, l1, l2, max_abs");
  }
  request->set_drop_special_tokens(options.drop_special_tokens);
  for (const std::string& span : options.spans) {
    if (const absl::Status added = AddSpan(span, request); !added.ok()) return added;
  }
  return absl::OkStatus();
}

absl::Status SetQuality(const ExplainOptions& options, v1::ExplainRequest* request) {
  if (options.quality == "none") return absl::OkStatus();
  v1::Quality* quality = request->mutable_quality();
  if (options.quality == "default") return absl::OkStatus();
  for (absl::string_view option : absl::StrSplit(options.quality, ':')) {
    if (SetOption(option, quality)) continue;
    return absl::InvalidArgumentError(absl::StrCat("--quality: there is no option \"", option, "\"; its options are ",
                                                   DescribeOptions(*v1::Quality::descriptor())));
  }
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
  if (const absl::Status form = SetForm(options, &request); !form.ok()) return form;
  if (const absl::Status quality = SetQuality(options, &request); !quality.ok()) return quality;
  // Last, so that a slip in an option does not wait for someone to end standard input.
  absl::StatusOr<v1::Input> input = MakeInput(options.input, standard_input);
  if (!input.ok()) return input.status();
  *request.mutable_input() = *std::move(input);
  return request;
}

}  // namespace limpid::client
