#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "engine/row.h"
#include "schedule/client_account.h"
#include "text/tokenizer.h"

// What a caller asks, decoded: the plain twin of limpid.v1.ExplainRequest. Semantics are those of the proto.
namespace limpid::explain {

struct Input {
  std::string text;
  std::optional<std::string> text_pair;
  // Instead of text when set.
  std::optional<std::vector<int32_t>> token_ids;
  std::vector<int32_t> type_ids;
  text::Truncation truncation = text::Truncation::kError;
};

// A class by index or label; neither set: the model decides (predicted class, or runner-up for a foil).
struct ClassRef {
  std::optional<int32_t> index;
  std::optional<std::string> label;
};

struct TargetSpec {
  // kDefault: the predicted class of a classifier, the mean output of a model without a head.
  enum class Kind { kDefault, kClass, kContrast, kSimilarity, kMeanOutput } kind = Kind::kDefault;
  engine::Score score = engine::Score::kLogit;
  ClassRef target, foil;
  std::string similarity_text;
};

enum class Granularity { kToken, kWord };

enum class Reduction { kDefault, kL2, kL1, kMeanAbs, kSum };

struct SaliencySpec {
  engine::AttachPoint attach_point = engine::AttachPoint::kWordEmbedding;
  Reduction reduction = Reduction::kL2;
};
struct GradientXInputSpec {
  engine::AttachPoint attach_point = engine::AttachPoint::kWordEmbedding;
};
struct AttentionRolloutSpec {
  uint32_t query_token = 0;
};
struct GradientWeightedAttentionSpec {
  uint32_t query_token = 0;
};
struct GradientXAttentionSpec {
  uint32_t query_token = 0;
  int32_t layer = -1;  // negative: from the end
};
struct HeadImportanceSpec {
  bool normalize_by_layer = false;
};

// Semantics of limpid.v1.Replacement.
enum class Replacement { kDefault, kMask, kPad, kUnknown, kDelete };

struct OcclusionSpec {
  Granularity unit = Granularity::kToken;
  Replacement replacement = Replacement::kDefault;
};
struct SequentialIntegratedGradientsSpec {
  Replacement baseline = Replacement::kDefault;  // not kDelete
};

using MethodSpec =
    std::variant<SaliencySpec, GradientXInputSpec, AttentionRolloutSpec, GradientWeightedAttentionSpec,
                 GradientXAttentionSpec, HeadImportanceSpec, OcclusionSpec, SequentialIntegratedGradientsSpec>;

struct AttentionSelection {
  enum class Encoding { kFloat32, kFloat16 };
  std::vector<int32_t> layers, heads;  // empty: all; negative layers count from the end
  bool mean_over_heads = false;
  Encoding encoding = Encoding::kFloat32;
};

// About the prediction of a classifier; all that is set must hold.
struct ConditionSpec {
  std::vector<ClassRef> predicted = {};  // the predicted class is one of these
  ClassRef scored = {};                  // whose probability is bounded; not set: the predicted class
  std::optional<float> min_probability = {}, max_probability = {};
};

struct ExplainRequest {
  std::string model;  // empty: the default model
  Input input;
  TargetSpec target;
  std::vector<MethodSpec> methods;
  std::optional<AttentionSelection> attention;
  Granularity granularity = Granularity::kToken;
  schedule::Priority priority = schedule::Priority::kInteractive;
  std::optional<ConditionSpec> condition;
  bool allow_partial = false;
};

}  // namespace limpid::explain
