#include "rpc/decode.h"

#include <limits>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "methods/lib/options.h"
#include "methods/registry.h"
#include "quality/quality.h"

namespace limpid::rpc {
namespace {

using explain::TargetSpec;

absl::Status FieldError(const std::string& field, const std::string& problem) {
  return absl::InvalidArgumentError(absl::StrCat(field, ": ", problem));
}

absl::StatusOr<text::Truncation> DecodeTruncation(v1::Truncation truncation) {
  switch (truncation) {
    case v1::TRUNCATION_UNSPECIFIED:
    case v1::TRUNCATION_ERROR:
      return text::Truncation::kError;
    case v1::TRUNCATION_LONGEST_FIRST:
      return text::Truncation::kLongestFirst;
    case v1::TRUNCATION_ONLY_FIRST:
      return text::Truncation::kOnlyFirst;
    case v1::TRUNCATION_ONLY_SECOND:
      return text::Truncation::kOnlySecond;
    default:
      return methods::UnknownValue("input.truncation", truncation);
  }
}

absl::StatusOr<engine::Score> DecodeScore(v1::Score score) {
  switch (score) {
    case v1::SCORE_UNSPECIFIED:
    case v1::SCORE_LOGIT:
      return engine::Score::kLogit;
    case v1::SCORE_LOG_PROB:
      return engine::Score::kLogProb;
    case v1::SCORE_PROB:
      return engine::Score::kProb;
    default:
      return methods::UnknownValue("target.score", score);
  }
}

absl::StatusOr<explain::ClassRef> DecodeClass(const v1::Class& ref, const std::string& field) {
  switch (ref.class_case()) {
    case v1::Class::kIndex:
      return explain::ClassRef{.index = ref.index(), .label = {}};
    case v1::Class::kLabel:
      return explain::ClassRef{.index = {}, .label = ref.label()};
    case v1::Class::CLASS_NOT_SET:
      break;
  }
  return FieldError(field, "neither index nor label is set");
}

absl::StatusOr<int32_t> DecodeToken(uint32_t token, const char* field) {
  constexpr auto kMax = static_cast<uint32_t>(std::numeric_limits<int32_t>::max());
  if (token <= kMax) return static_cast<int32_t>(token);
  return FieldError(field, absl::StrCat("is ", token, ", must be at most ", kMax));
}

absl::Status DecodeContrast(const v1::Contrast& contrast, TargetSpec* spec) {
  spec->kind = TargetSpec::Kind::kContrast;
  if (contrast.has_target()) {
    ABSL_ASSIGN_OR_RETURN(spec->target, DecodeClass(contrast.target(), "target.contrast.target"));
  }
  if (contrast.has_foil()) {
    ABSL_ASSIGN_OR_RETURN(spec->foil, DecodeClass(contrast.foil(), "target.contrast.foil"));
  }
  return absl::OkStatus();
}

absl::Status DecodeAnswer(const v1::Answer& answer, TargetSpec* spec) {
  spec->kind = TargetSpec::Kind::kAnswer;
  if (!answer.has_begin_token() && !answer.has_end_token()) return absl::OkStatus();
  if (!answer.has_begin_token() || !answer.has_end_token()) {
    return FieldError("target.answer", "begin_token and end_token must be set both, or none");
  }
  engine::TokenRange tokens;
  ABSL_ASSIGN_OR_RETURN(tokens.begin, DecodeToken(answer.begin_token(), "target.answer.begin_token"));
  ABSL_ASSIGN_OR_RETURN(tokens.end, DecodeToken(answer.end_token(), "target.answer.end_token"));
  spec->answer = tokens;
  return absl::OkStatus();
}

absl::StatusOr<TargetSpec> DecodeTarget(const v1::Target& target) {
  TargetSpec spec;
  if (target.has_position()) {
    ABSL_ASSIGN_OR_RETURN(spec.position, DecodeToken(target.position(), "target.position"));
  }
  ABSL_ASSIGN_OR_RETURN(spec.score, DecodeScore(target.score()));
  switch (target.kind_case()) {
    case v1::Target::kPredictedClass:
      spec.kind = TargetSpec::Kind::kClass;
      break;
    case v1::Target::kClass: {
      spec.kind = TargetSpec::Kind::kClass;
      ABSL_ASSIGN_OR_RETURN(spec.target, DecodeClass(target.class_(), "target.class"));
      break;
    }
    case v1::Target::kContrast:
      ABSL_RETURN_IF_ERROR(DecodeContrast(target.contrast(), &spec));
      break;
    case v1::Target::kSimilarity:
      spec.kind = TargetSpec::Kind::kSimilarity;
      spec.similarity_text = target.similarity().text();
      break;
    case v1::Target::kMeanOutput:
      spec.kind = TargetSpec::Kind::kMeanOutput;
      break;
    case v1::Target::kAnswer:
      ABSL_RETURN_IF_ERROR(DecodeAnswer(target.answer(), &spec));
      break;
    case v1::Target::KIND_NOT_SET:
      break;
  }
  return spec;
}

absl::StatusOr<explain::AttentionSelection> DecodeAttention(const v1::AttentionSelection& attention) {
  explain::AttentionSelection selection;
  selection.layers.assign(attention.layers().begin(), attention.layers().end());
  selection.heads.assign(attention.heads().begin(), attention.heads().end());
  selection.mean_over_heads = attention.mean_over_heads();
  ABSL_ASSIGN_OR_RETURN(selection.top_k,
                        methods::ReadCount(attention.top_k(), 0, 1, explain::kMaxAttentionTopK, "attention.top_k"));
  switch (attention.encoding()) {
    case v1::ENCODING_UNSPECIFIED:
    case v1::ENCODING_FLOAT32:
      selection.encoding = explain::AttentionSelection::Encoding::kFloat32;
      return selection;
    case v1::ENCODING_FLOAT16:
      selection.encoding = explain::AttentionSelection::Encoding::kFloat16;
      return selection;
    default:
      return methods::UnknownValue("attention.encoding", attention.encoding());
  }
}

absl::StatusOr<explain::Aggregation> DecodeAggregation(v1::Aggregation aggregation) {
  switch (aggregation) {
    case v1::AGGREGATION_UNSPECIFIED:
    case v1::AGGREGATION_SUM:
      return explain::Aggregation::kSum;
    case v1::AGGREGATION_SUM_ABS:
      return explain::Aggregation::kSumAbs;
    default:
      return methods::UnknownValue("aggregation", aggregation);
  }
}

absl::StatusOr<explain::Normalization> DecodeNormalization(v1::Normalization normalization) {
  switch (normalization) {
    case v1::NORMALIZATION_UNSPECIFIED:
      return explain::Normalization::kNone;
    case v1::NORMALIZATION_L1:
      return explain::Normalization::kL1;
    case v1::NORMALIZATION_L2:
      return explain::Normalization::kL2;
    case v1::NORMALIZATION_MAX_ABS:
      return explain::Normalization::kMaxAbs;
    default:
      return methods::UnknownValue("normalization", normalization);
  }
}

absl::StatusOr<schedule::Priority> DecodePriority(v1::Priority priority) {
  switch (priority) {
    case v1::PRIORITY_UNSPECIFIED:
    case v1::PRIORITY_INTERACTIVE:
      return schedule::Priority::kInteractive;
    case v1::PRIORITY_BULK:
      return schedule::Priority::kBulk;
    default:
      return methods::UnknownValue("priority", priority);
  }
}

// What requests of all kinds that explain have in common.
template <typename Request>
absl::Status DecodeExplanation(const Request& request, explain::ExplainRequest* decoded) {
  decoded->model = request.model();
  ABSL_ASSIGN_OR_RETURN(decoded->input, DecodeInput(request.input()));
  ABSL_ASSIGN_OR_RETURN(decoded->target, DecodeTarget(request.target()));
  for (int i = 0; i < request.methods_size(); ++i) {
    ABSL_ASSIGN_OR_RETURN(explain::MethodSpec spec,
                          methods::ReadMethod(request.methods(i), absl::StrCat("methods[", i, "]")));
    decoded->methods.push_back(std::move(spec));
  }
  if (request.has_quality()) {
    ABSL_ASSIGN_OR_RETURN(decoded->quality, quality::ReadQuality(request.quality()));
  }
  ABSL_ASSIGN_OR_RETURN(decoded->granularity, methods::ReadGranularity(request.granularity(), "granularity"));
  ABSL_ASSIGN_OR_RETURN(decoded->aggregation, DecodeAggregation(request.aggregation()));
  ABSL_ASSIGN_OR_RETURN(decoded->normalization, DecodeNormalization(request.normalization()));
  ABSL_ASSIGN_OR_RETURN(decoded->priority, DecodePriority(request.priority()));
  return absl::OkStatus();
}

// How the scores are to come, beyond that.
absl::Status DecodeForm(const v1::ExplainRequest& request, explain::ExplainRequest* decoded) {
  decoded->drop_special_tokens = request.drop_special_tokens();
  ABSL_ASSIGN_OR_RETURN(decoded->spans, methods::ReadSpans(request.spans(), "spans"));
  return absl::OkStatus();
}

absl::StatusOr<explain::ConditionSpec> DecodeCondition(const v1::Condition& condition) {
  explain::ConditionSpec spec;
  for (int i = 0; i < condition.predicted_size(); ++i) {
    const std::string field = absl::StrCat("condition.predicted[", i, "]");
    ABSL_ASSIGN_OR_RETURN(explain::ClassRef ref, DecodeClass(condition.predicted(i), field));
    spec.predicted.push_back(std::move(ref));
  }
  if (condition.has_scored()) {
    ABSL_ASSIGN_OR_RETURN(spec.scored, DecodeClass(condition.scored(), "condition.scored"));
  }
  if (condition.has_min_probability()) spec.min_probability = condition.min_probability();
  if (condition.has_max_probability()) spec.max_probability = condition.max_probability();
  return spec;
}

absl::StatusOr<explain::Input> DecodeCompletion(const v1::Completion& completion) {
  explain::Input decoded;
  switch (completion.content_case()) {
    case v1::Completion::kText:
      decoded.text = completion.text();
      return decoded;
    case v1::Completion::kTokenIds:
      decoded.token_ids.emplace(completion.token_ids().ids().begin(), completion.token_ids().ids().end());
      return decoded;
    case v1::Completion::CONTENT_NOT_SET:
      break;
  }
  return FieldError("completion", "neither text nor token_ids is set");
}

}  // namespace

absl::StatusOr<explain::Input> DecodeInput(const v1::Input& input) {
  explain::Input decoded;
  ABSL_ASSIGN_OR_RETURN(decoded.truncation, DecodeTruncation(input.truncation()));
  switch (input.content_case()) {
    case v1::Input::kText:
      decoded.text = input.text();
      if (!input.text_pair().empty()) decoded.text_pair = input.text_pair();
      return decoded;
    case v1::Input::kTokenIds:
      if (!input.text_pair().empty()) return FieldError("input.text_pair", "only possible together with input.text");
      decoded.token_ids.emplace(input.token_ids().ids().begin(), input.token_ids().ids().end());
      decoded.type_ids.assign(input.token_ids().type_ids().begin(), input.token_ids().type_ids().end());
      return decoded;
    case v1::Input::CONTENT_NOT_SET:
      break;
  }
  return FieldError("input", "neither text nor token_ids is set");
}

absl::StatusOr<explain::ExplainRequest> DecodeExplainRequest(const v1::ExplainRequest& request) {
  explain::ExplainRequest decoded;
  ABSL_RETURN_IF_ERROR(DecodeExplanation(request, &decoded));
  if (request.has_attention()) {
    ABSL_ASSIGN_OR_RETURN(decoded.attention, DecodeAttention(request.attention()));
  }
  ABSL_RETURN_IF_ERROR(DecodeForm(request, &decoded));
  if (request.has_condition()) {
    ABSL_ASSIGN_OR_RETURN(decoded.condition, DecodeCondition(request.condition()));
  }
  decoded.allow_partial = request.allow_partial();
  return decoded;
}

absl::StatusOr<explain::GenerateRequest> DecodeGenerateRequest(const v1::GenerateRequest& request) {
  explain::GenerateRequest decoded;
  ABSL_RETURN_IF_ERROR(DecodeExplanation(request, &decoded.explain));
  if (request.has_completion()) {
    ABSL_ASSIGN_OR_RETURN(decoded.completion, DecodeCompletion(request.completion()));
  }
  decoded.sampling = {.temperature = request.sampling().temperature(),
                      .top_k = request.sampling().top_k(),
                      .top_p = request.sampling().top_p(),
                      .seed = request.sampling().seed()};
  decoded.max_new_tokens = request.max_new_tokens();
  decoded.stop.assign(request.stop().begin(), request.stop().end());
  decoded.ignore_end = request.ignore_end();
  decoded.explained.assign(request.explained().begin(), request.explained().end());
  decoded.alternatives = request.alternatives();
  return decoded;
}

absl::StatusOr<explain::ExplainRequest> DecodePredictRequest(const v1::PredictRequest& request) {
  explain::ExplainRequest decoded;
  decoded.model = request.model();
  ABSL_ASSIGN_OR_RETURN(decoded.input, DecodeInput(request.input()));
  return decoded;
}

}  // namespace limpid::rpc
