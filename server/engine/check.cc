#include "engine/check.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>

#include "absl/strings/str_format.h"
#include "base/status_macros.h"
#include "engine/check_interventions.h"
#include "engine/check_past.h"

namespace limpid::engine {
namespace {

absl::Status CheckIds(const std::vector<int32_t>& ids, int64_t limit, const char* field) {
  for (size_t i = 0; i < ids.size(); ++i) {
    if (ids[i] < 0 || ids[i] >= limit) {
      return absl::InvalidArgumentError(absl::StrFormat("%s[%d] is %d, must be in [0, %d)", field, i, ids[i], limit));
    }
  }
  return absl::OkStatus();
}

absl::Status CheckClass(int32_t index, int32_t unset, size_t num_classes, const char* field) {
  if (index == unset || (index >= 0 && static_cast<size_t>(index) < num_classes)) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrFormat("%s.index is %d, the model has classes 0 to %d", field, index, num_classes - 1));
}

absl::Status CheckAnswer(const ModelCard& card, const TokenRange& answer, size_t length) {
  if (card.task != ModelCard::Task::kQuestionAnswering) {
    return absl::InvalidArgumentError("target.answer needs a model that answers questions");
  }
  if (answer == TokenRange{Target::kUnset, Target::kUnset}) return absl::OkStatus();
  if (answer.begin >= 0 && answer.begin < answer.end && answer.end <= static_cast<int64_t>(length)) {
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(
      absl::StrFormat("target.answer is tokens [%d, %d), must be some of [0, %d)", answer.begin, answer.end, length));
}

absl::Status CheckTarget(const ModelCard& card, const Target& target, size_t length) {
  if (target.position != Target::kUnset && !card.has_position()) {
    return absl::InvalidArgumentError("target.position needs a language model or a model that labels tokens");
  }
  if (target.candidates != nullptr && target.candidates->size() != length) {
    return absl::InvalidArgumentError("target: the tokens to choose from are not those of the input");
  }
  if (target.position != Target::kUnset && (target.position < 0 || target.position >= static_cast<int64_t>(length))) {
    return absl::InvalidArgumentError(
        absl::StrFormat("target.position is %d, must be in [0, %d)", target.position, length));
  }
  switch (target.kind) {
    case Target::Kind::kNone:
      return absl::OkStatus();
    case Target::Kind::kMeanOutput:
      if (card.has_mean_output()) return absl::OkStatus();
      return absl::InvalidArgumentError("target.mean_output needs a classifier of texts or an encoder");
    case Target::Kind::kAnswer:
      return CheckAnswer(card, target.answer, length);
    case Target::Kind::kSimilarity:
      if (card.task != ModelCard::Task::kEmbedding) {
        return absl::InvalidArgumentError("target.similarity needs an embedding model");
      }
      if (target.reference == nullptr || static_cast<int64_t>(target.reference->size()) != card.hidden_size) {
        return absl::InvalidArgumentError("target.similarity needs the other text's embedding");
      }
      return absl::OkStatus();
    case Target::Kind::kClass:
    case Target::Kind::kContrast:
      break;
  }
  if (!card.has_classes()) return absl::InvalidArgumentError("target.class needs a classifier");
  if (card.task == ModelCard::Task::kRegression && target.score != Score::kLogit) {
    return absl::InvalidArgumentError("target.score must be logit for a regression: it has no probabilities");
  }
  const bool contrast = target.kind == Target::Kind::kContrast;
  ABSL_RETURN_IF_ERROR(CheckClass(target.class_index, Target::kPredicted, card.num_classes(),
                                  contrast ? "target.contrast.target" : "target.class"));
  if (!contrast) return absl::OkStatus();
  ABSL_RETURN_IF_ERROR(CheckClass(target.foil_index, Target::kRunnerUp, card.num_classes(), "target.contrast.foil"));
  if (card.num_classes() < 2)
    return absl::InvalidArgumentError("target.contrast needs a model of at least two classes");
  if (target.class_index >= 0 && target.class_index == target.foil_index) {
    return absl::InvalidArgumentError("target.contrast.foil must differ from target.contrast.target");
  }
  return absl::OkStatus();
}

absl::Status CheckLayers(const std::vector<int32_t>& layers, int64_t limit, const char* field) {
  for (size_t i = 0; i < layers.size(); ++i) {
    const bool sorted = i == 0 || layers[i - 1] < layers[i];
    if (layers[i] < 0 || layers[i] >= limit || !sorted) {
      return absl::InvalidArgumentError(
          absl::StrFormat("%s[%d] is %d, must be in [0, %d), sorted and unique", field, i, layers[i], limit));
    }
  }
  return absl::OkStatus();
}

// Whole words, so that the compiler can make vectors of it.
bool AllFinite(std::span<const float> values) {
  constexpr uint32_t kExponent = 0x7f800000;
  bool finite = true;
  for (float value : values) finite &= (std::bit_cast<uint32_t>(value) & kExponent) != kExponent;
  return finite;
}

}  // namespace

absl::Status CheckRow(const ModelCard& card, const Row& row) {
  const size_t length = row.token_ids.size();
  if (length == 0) return absl::InvalidArgumentError("input.token_ids is empty");
  if (length > static_cast<size_t>(card.max_tokens)) {
    return absl::InvalidArgumentError(
        absl::StrFormat("input has %d tokens, the model takes at most %d", length, card.max_tokens));
  }
  if (row.type_ids.size() != length) {
    return absl::InvalidArgumentError(
        absl::StrFormat("input.token_ids.type_ids has %d entries for %d ids", row.type_ids.size(), length));
  }
  ABSL_RETURN_IF_ERROR(CheckIds(row.token_ids, card.vocab_size, "input.token_ids.ids"));
  const int64_t num_types = std::max<int64_t>(card.type_vocab_size, 1);
  ABSL_RETURN_IF_ERROR(CheckIds(row.type_ids, num_types, "input.token_ids.type_ids"));
  ABSL_RETURN_IF_ERROR(CheckTarget(card, row.target, length));
  if (row.wanted.needs_backward() && row.target.kind == Target::Kind::kNone) {
    return absl::InvalidArgumentError("target: a gradient needs a target");
  }
  ABSL_RETURN_IF_ERROR(CheckLayers(row.wanted.attention_layers, card.num_layers, "attention.layers"));
  ABSL_RETURN_IF_ERROR(CheckLayers(row.wanted.hidden_states, card.num_layers + 1, "wanted.hidden_states"));
  ABSL_RETURN_IF_ERROR(CheckPast(card, row));
  return CheckInterventions(card, row);
}

absl::Status CheckFinite(const Prediction& prediction) {
  if (AllFinite(prediction.logits) && AllFinite(prediction.embedding) && AllFinite(prediction.token_logits) &&
      std::isfinite(prediction.target_value)) {
    return absl::OkStatus();
  }
  return absl::InternalError("the model's output for this input is not a finite number");
}

absl::Status CheckFiniteGradients(const RowResult& result) {
  bool finite = AllFinite(result.gradient_attention.values) && AllFinite(result.head_importance.values);
  for (const HostTensor& gradient : result.gradients) finite = finite && AllFinite(gradient.values);
  for (const HostTensor& dot : result.gradient_dots) finite = finite && AllFinite(dot.values);
  finite =
      finite && AllFinite(result.layer_gradient_x_activation.values) && AllFinite(result.layer_gradient_dot.values);
  for (const Substitutions& found : result.substitutions) finite = finite && AllFinite(found.estimates);
  return finite ? absl::OkStatus() : absl::InternalError("a gradient for this input is not a finite number");
}

}  // namespace limpid::engine
