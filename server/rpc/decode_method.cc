#include "rpc/decode_method.h"

#include <optional>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "base/status_macros.h"

namespace limpid::rpc {
namespace {

absl::StatusOr<engine::AttachPoint> DecodeAttachPoint(v1::AttachPoint point, const std::string& field) {
  switch (point) {
    case v1::ATTACH_POINT_UNSPECIFIED:
    case v1::ATTACH_POINT_WORD_EMBEDDING:
      return engine::AttachPoint::kWordEmbedding;
    case v1::ATTACH_POINT_EMBEDDING_SUM:
      return engine::AttachPoint::kEmbeddingSum;
    case v1::ATTACH_POINT_EMBEDDING_OUTPUT:
      return engine::AttachPoint::kEmbeddingOutput;
    default:
      return UnknownEnumValue(field, point);
  }
}

absl::StatusOr<explain::Reduction> DecodeReduction(v1::Reduction reduction, const std::string& field) {
  switch (reduction) {
    case v1::REDUCTION_UNSPECIFIED:
      return explain::Reduction::kDefault;
    case v1::REDUCTION_L2:
      return explain::Reduction::kL2;
    case v1::REDUCTION_L1:
      return explain::Reduction::kL1;
    case v1::REDUCTION_MEAN_ABS:
      return explain::Reduction::kMeanAbs;
    case v1::REDUCTION_SUM:
      return explain::Reduction::kSum;
    default:
      return UnknownEnumValue(field, reduction);
  }
}

absl::StatusOr<explain::MethodSpec> DecodeSaliency(const v1::Saliency& saliency, const std::string& field) {
  explain::SaliencySpec spec;
  ABSL_ASSIGN_OR_RETURN(spec.attach_point,
                        DecodeAttachPoint(saliency.attach_point(), absl::StrCat(field, ".saliency.attach_point")));
  ABSL_ASSIGN_OR_RETURN(const explain::Reduction reduction,
                        DecodeReduction(saliency.reduction(), absl::StrCat(field, ".saliency.reduction")));
  if (reduction != explain::Reduction::kDefault) spec.reduction = reduction;
  return spec;
}

absl::StatusOr<explain::MethodSpec> DecodeGradientXInput(const v1::GradientXInput& method, const std::string& field) {
  explain::GradientXInputSpec spec;
  ABSL_ASSIGN_OR_RETURN(spec.attach_point, DecodeAttachPoint(method.attach_point(),
                                                             absl::StrCat(field, ".gradient_x_input.attach_point")));
  return spec;
}

absl::StatusOr<explain::Replacement> DecodeReplacement(v1::Replacement replacement, const std::string& field) {
  switch (replacement) {
    case v1::REPLACEMENT_UNSPECIFIED:
      return explain::Replacement::kDefault;
    case v1::REPLACEMENT_MASK:
      return explain::Replacement::kMask;
    case v1::REPLACEMENT_PAD:
      return explain::Replacement::kPad;
    case v1::REPLACEMENT_UNKNOWN:
      return explain::Replacement::kUnknown;
    case v1::REPLACEMENT_DELETE:
      return explain::Replacement::kDelete;
    default:
      return UnknownEnumValue(field, replacement);
  }
}

absl::StatusOr<explain::MethodSpec> DecodeOcclusion(const v1::Occlusion& method, const std::string& field) {
  explain::OcclusionSpec spec;
  ABSL_ASSIGN_OR_RETURN(spec.unit, DecodeGranularity(method.unit(), absl::StrCat(field, ".occlusion.unit")));
  ABSL_ASSIGN_OR_RETURN(spec.replacement,
                        DecodeReplacement(method.replacement(), absl::StrCat(field, ".occlusion.replacement")));
  return spec;
}

absl::StatusOr<explain::MethodSpec> DecodeSequential(const v1::SequentialIntegratedGradients& method,
                                                     const std::string& field) {
  explain::SequentialIntegratedGradientsSpec spec;
  const std::string option = absl::StrCat(field, ".sequential_integrated_gradients.baseline");
  ABSL_ASSIGN_OR_RETURN(spec.baseline, DecodeReplacement(method.baseline(), option));
  return spec;
}

explain::MethodSpec DecodeGradientXAttention(const v1::GradientXAttention& method) {
  explain::GradientXAttentionSpec spec{.query_token = method.query_token()};
  if (method.has_layer()) spec.layer = method.layer();
  return spec;
}

}  // namespace

absl::StatusOr<explain::Granularity> DecodeGranularity(v1::Granularity granularity, const std::string& field) {
  switch (granularity) {
    case v1::GRANULARITY_UNSPECIFIED:
    case v1::GRANULARITY_TOKEN:
      return explain::Granularity::kToken;
    case v1::GRANULARITY_WORD:
      return explain::Granularity::kWord;
    default:
      return UnknownEnumValue(field, granularity);
  }
}

absl::Status UnknownEnumValue(const std::string& field, int value) {
  return absl::InvalidArgumentError(absl::StrCat(field, ": unknown value ", value));
}

absl::StatusOr<explain::MethodSpec> DecodeMethod(const v1::Method& method, const std::string& field) {
  switch (method.method_case()) {
    case v1::Method::kSaliency:
      return DecodeSaliency(method.saliency(), field);
    case v1::Method::kGradientXInput:
      return DecodeGradientXInput(method.gradient_x_input(), field);
    case v1::Method::kAttentionRollout:
      return explain::AttentionRolloutSpec{.query_token = method.attention_rollout().query_token()};
    case v1::Method::kGradientWeightedAttention:
      return explain::GradientWeightedAttentionSpec{.query_token = method.gradient_weighted_attention().query_token()};
    case v1::Method::kGradientXAttention:
      return DecodeGradientXAttention(method.gradient_x_attention());
    case v1::Method::kHeadImportance:
      return explain::HeadImportanceSpec{.normalize_by_layer = method.head_importance().normalize_by_layer()};
    case v1::Method::kOcclusion:
      return DecodeOcclusion(method.occlusion(), field);
    case v1::Method::kSequentialIntegratedGradients:
      return DecodeSequential(method.sequential_integrated_gradients(), field);
    case v1::Method::METHOD_NOT_SET:
      break;
  }
  return absl::InvalidArgumentError(absl::StrCat(field, ": no method is set that this server knows"));
}

}  // namespace limpid::rpc
