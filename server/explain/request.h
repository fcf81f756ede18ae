#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
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
  enum class Kind { kDefault, kClass, kContrast, kSimilarity, kMeanOutput, kAnswer } kind = Kind::kDefault;
  engine::Score score = engine::Score::kLogit;
  ClassRef target, foil;
  std::optional<int32_t> position;  // as in engine::Target
  // kAnswer; not set: the predicted one.
  std::optional<engine::TokenRange> answer;
  std::string similarity_text;
};

// Bytes [begin_byte, end_byte) of one sequence's text.
struct Span {
  uint32_t begin_byte = 0, end_byte = 0;
  int32_t sequence = 0;  // as in text::Token
};

enum class Granularity { kToken, kWord, kSentence, kSpan };

enum class Aggregation { kSum, kSumAbs };

enum class Normalization { kNone, kL1, kL2, kMaxAbs };

enum class Reduction { kDefault, kL2, kL1, kMeanAbs, kSum };

// Semantics of limpid.v1.Replacement.
enum class Replacement { kDefault, kMask, kPad, kUnknown, kZero, kMean, kDelete, kAttention };

class Method;

// A method asked for, its options read (methods/registry.h).
struct MethodSpec {
  std::string name;                               // as in MethodCard
  std::function<std::unique_ptr<Method>()> make;  // a new one each time
};

class Measurement;

// What each method's scores are measured by, options read (quality/quality.h).
struct QualitySpec {
  std::function<std::unique_ptr<Measurement>(const MethodSpec& measured)> make;
};

// As many positions as 16 bits tell apart.
inline constexpr uint32_t kMaxAttentionTopK = 1 << 16;

struct AttentionSelection {
  enum class Encoding { kFloat32, kFloat16 };
  std::vector<int32_t> layers, heads;  // empty: all; negative layers count from the end
  bool mean_over_heads = false;
  Encoding encoding = Encoding::kFloat32;
  uint32_t top_k = 0;  // largest keys of each query row; 0: all
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
  std::vector<Span> spans;  // of Granularity::kSpan
  Aggregation aggregation = Aggregation::kSum;
  Normalization normalization = Normalization::kNone;
  bool drop_special_tokens = false;
  std::optional<QualitySpec> quality;
  schedule::Priority priority = schedule::Priority::kInteractive;
  std::optional<ConditionSpec> condition;
  bool allow_partial = false;
};

// Semantics of limpid.v1.Sampling.
struct Sampling {
  float temperature = 0;
  uint32_t top_k = 0;
  float top_p = 0;
  uint64_t seed = 0;
};

// Semantics of limpid.v1.GenerateRequest.
struct GenerateRequest {
  // Model, input, methods, target, form of the scores, quality and priority.
  ExplainRequest explain;
  // Tokens to take instead of generating; its truncation is not used.
  std::optional<Input> completion;
  Sampling sampling;
  uint32_t max_new_tokens = 0;  // 0: the default
  std::vector<std::string> stop;
  bool ignore_end = false;
  std::vector<uint32_t> explained;  // ascending; empty: all
  uint32_t alternatives = 0;
};

}  // namespace limpid::explain
