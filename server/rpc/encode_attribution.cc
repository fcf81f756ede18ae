#include "rpc/encode_attribution.h"

#include "absl/strings/ascii.h"
#include "absl/strings/strip.h"
#include "rpc/encode.h"

namespace limpid::rpc {
namespace {

v1::AttachPoint EncodeAttachPoint(engine::AttachPoint point) {
  switch (point) {
    case engine::AttachPoint::kWordEmbedding:
      return v1::ATTACH_POINT_WORD_EMBEDDING;
    case engine::AttachPoint::kEmbeddingSum:
      return v1::ATTACH_POINT_EMBEDDING_SUM;
    case engine::AttachPoint::kEmbeddingOutput:
      return v1::ATTACH_POINT_EMBEDDING_OUTPUT;
  }
  return v1::ATTACH_POINT_UNSPECIFIED;
}

v1::Reduction EncodeReduction(explain::Reduction reduction) {
  switch (reduction) {
    case explain::Reduction::kDefault:
      return v1::REDUCTION_UNSPECIFIED;
    case explain::Reduction::kL2:
      return v1::REDUCTION_L2;
    case explain::Reduction::kL1:
      return v1::REDUCTION_L1;
    case explain::Reduction::kMeanAbs:
      return v1::REDUCTION_MEAN_ABS;
    case explain::Reduction::kSum:
      return v1::REDUCTION_SUM;
  }
  return v1::REDUCTION_UNSPECIFIED;
}

v1::Replacement EncodeReplacement(explain::Replacement replacement) {
  switch (replacement) {
    case explain::Replacement::kDefault:
      return v1::REPLACEMENT_UNSPECIFIED;
    case explain::Replacement::kMask:
      return v1::REPLACEMENT_MASK;
    case explain::Replacement::kPad:
      return v1::REPLACEMENT_PAD;
    case explain::Replacement::kUnknown:
      return v1::REPLACEMENT_UNKNOWN;
    case explain::Replacement::kZero:
      return v1::REPLACEMENT_ZERO;
    case explain::Replacement::kMean:
      return v1::REPLACEMENT_MEAN;
    case explain::Replacement::kDelete:
      return v1::REPLACEMENT_DELETE;
    case explain::Replacement::kAttention:
      return v1::REPLACEMENT_ATTENTION;
  }
  return v1::REPLACEMENT_UNSPECIFIED;
}

v1::Aggregation EncodeAggregation(explain::Aggregation aggregation) {
  return aggregation == explain::Aggregation::kSumAbs ? v1::AGGREGATION_SUM_ABS : v1::AGGREGATION_SUM;
}

v1::Normalization EncodeNormalization(explain::Normalization normalization) {
  switch (normalization) {
    case explain::Normalization::kNone:
      return v1::NORMALIZATION_UNSPECIFIED;
    case explain::Normalization::kL1:
      return v1::NORMALIZATION_L1;
    case explain::Normalization::kL2:
      return v1::NORMALIZATION_L2;
    case explain::Normalization::kMaxAbs:
      return v1::NORMALIZATION_MAX_ABS;
  }
  return v1::NORMALIZATION_UNSPECIFIED;
}

v1::Edits::Outcome EncodeOutcome(explain::Edits::Outcome outcome) {
  switch (outcome) {
    case explain::Edits::Outcome::kFound:
      return v1::Edits::OUTCOME_FOUND;
    case explain::Edits::Outcome::kNotFound:
      return v1::Edits::OUTCOME_NOT_FOUND;
    case explain::Edits::Outcome::kBudgetSpent:
      return v1::Edits::OUTCOME_BUDGET_SPENT;
  }
  return v1::Edits::OUTCOME_UNSPECIFIED;
}

v1::Quality::Metric EncodeMetric(explain::Metric metric) {
  switch (metric) {
    case explain::Metric::kComprehensiveness:
      return v1::Quality::METRIC_COMPREHENSIVENESS;
    case explain::Metric::kSufficiency:
      return v1::Quality::METRIC_SUFFICIENCY;
    case explain::Metric::kDeletion:
      return v1::Quality::METRIC_DELETION;
    case explain::Metric::kInsertion:
      return v1::Quality::METRIC_INSERTION;
    case explain::Metric::kLogOdds:
      return v1::Quality::METRIC_LOG_ODDS;
    case explain::Metric::kInfidelity:
      return v1::Quality::METRIC_INFIDELITY;
    case explain::Metric::kMaxSensitivity:
      return v1::Quality::METRIC_MAX_SENSITIVITY;
    case explain::Metric::kCompleteness:
      return v1::Quality::METRIC_COMPLETENESS;
    case explain::Metric::kSoftComprehensiveness:
      return v1::Quality::METRIC_SOFT_COMPREHENSIVENESS;
    case explain::Metric::kSoftSufficiency:
      return v1::Quality::METRIC_SOFT_SUFFICIENCY;
    case explain::Metric::kNormalizedDeletion:
      return v1::Quality::METRIC_NORMALIZED_DELETION;
  }
  return v1::Quality::METRIC_UNSPECIFIED;
}

void EncodeCompleteness(const explain::Completeness& completeness, v1::Completeness* encoded) {
  encoded->set_value(completeness.value);
  encoded->set_baseline_value(completeness.baseline_value);
  encoded->set_error(completeness.error);
  encoded->set_refinement_error(completeness.refinement_error);
  encoded->set_is_certified(completeness.is_certified);
}

void EncodeCard(const explain::MethodCard& card, v1::MethodCard* encoded) {
  encoded->set_method(card.method);
  if (card.attach_point.has_value()) encoded->set_attach_point(EncodeAttachPoint(*card.attach_point));
  encoded->set_reduction(EncodeReduction(card.reduction));
  encoded->set_is_signed(card.is_signed);
  encoded->set_layer(card.layer);
  encoded->set_query_token(card.query_token);
  encoded->set_depends_on_target(card.depends_on_target);
  encoded->set_sum_abs(card.sum_abs);
  if (card.replacement.has_value()) encoded->set_replacement(EncodeReplacement(*card.replacement));
  encoded->set_rows(card.rows);
  encoded->set_units(card.units);
  encoded->set_baseline(card.baseline);
  encoded->set_seed(card.seed.value_or(0));
  encoded->set_samples(card.samples);
  encoded->set_form(card.form);
  encoded->set_aggregation(EncodeAggregation(card.aggregation));
  encoded->set_normalization(EncodeNormalization(card.normalization));
  encoded->set_scale(card.scale);
  if (card.completeness.has_value()) EncodeCompleteness(*card.completeness, encoded->mutable_completeness());
}

void EncodeUnit(const explain::Unit& unit, v1::Unit* encoded) {
  encoded->set_begin_token(unit.begin_token);
  encoded->set_end_token(unit.end_token);
  encoded->set_sequence(unit.sequence);
  encoded->set_is_special(unit.is_special);
  encoded->set_begin_byte(unit.begin_byte);
  encoded->set_end_byte(unit.end_byte);
  encoded->set_begin_char(unit.begin_char);
  encoded->set_end_char(unit.end_char);
}

template <typename Values>
void Assign(const Values& values, google::protobuf::RepeatedField<typename Values::value_type>* encoded) {
  encoded->Assign(values.begin(), values.end());
}

void EncodeMatrix(const explain::TokenMatrix& matrix, v1::TokenMatrix* encoded) {
  EncodeTokens(matrix.other_tokens, encoded->mutable_other_tokens());
  Assign(matrix.values, encoded->mutable_values());
}

void EncodeEdits(const explain::Edits& edits, v1::Edits* encoded) {
  encoded->set_outcome(EncodeOutcome(edits.outcome));
  encoded->set_is_minimal(edits.is_minimal);
  for (const explain::Edit& edit : edits.edits) {
    v1::Edit* added = encoded->add_edits();
    EncodeUnit(edit.unit, added->mutable_unit());
    added->set_replacement(edit.replacement);
    added->set_replacement_id(edit.replacement_id);
  }
  Assign(edits.token_ids, encoded->mutable_token_ids());
  Assign(edits.type_ids, encoded->mutable_type_ids());
  encoded->set_text(edits.text);
  encoded->set_text_pair(edits.text_pair);
  encoded->set_margin_before(edits.margin_before);
  encoded->set_margin_after(edits.margin_after);
  encoded->set_class_before(edits.class_before);
  encoded->set_class_after(edits.class_after);
  Assign(edits.probabilities, encoded->mutable_probabilities());
}

}  // namespace

void EncodeAttribution(const explain::AttributionEvent& event, v1::Attribution* attribution) {
  attribution->Clear();
  attribution->set_method_index(event.method_index);
  EncodeCard(event.card, attribution->mutable_card());
  Assign(event.scores, attribution->mutable_scores());
  Assign(event.scaled_scores, attribution->mutable_scaled_scores());
  attribution->set_is_refining(event.is_refining);
  if (event.generated.has_value()) {
    attribution->set_generated_index(event.generated->index);
    EncodeTarget(event.generated->target_description, event.generated->target, attribution->mutable_target());
  }
  for (const explain::Unit& unit : event.units) EncodeUnit(unit, attribution->add_units());
  if (event.matrix.has_value()) EncodeMatrix(*event.matrix, attribution->mutable_matrix());
  if (event.edits.has_value()) EncodeEdits(*event.edits, attribution->mutable_edits());
  if (event.head_scores.empty()) return;
  v1::HeadScores* heads = attribution->mutable_heads();
  heads->set_layers(static_cast<uint32_t>(event.head_scores.shape[0]));
  heads->set_heads(static_cast<uint32_t>(event.head_scores.shape[1]));
  heads->mutable_scores()->Assign(event.head_scores.values.begin(), event.head_scores.values.end());
}

void EncodeQuality(const explain::QualityEvent& event, v1::QualityReport* report) {
  report->Clear();
  report->set_method_index(event.method_index);
  if (event.generated_index.has_value()) report->set_generated_index(*event.generated_index);
  for (const explain::QualityValue& value : event.values) {
    v1::QualityValue* added = report->add_values();
    added->set_metric(EncodeMetric(value.metric));
    added->set_value(value.value);
    if (value.random_value.has_value()) added->set_random_value(*value.random_value);
    added->set_beats_random(value.beats_random);
    Assign(value.curve, added->mutable_curve());
    Assign(value.shares, added->mutable_shares());
  }
  report->set_replacement(EncodeReplacement(event.replacement));
  report->set_rows(event.rows);
}

std::string MetricName(explain::Metric metric) {
  const std::string& name = v1::Quality::Metric_Name(EncodeMetric(metric));
  return absl::AsciiStrToLower(absl::StripPrefix(name, "METRIC_"));
}

}  // namespace limpid::rpc
