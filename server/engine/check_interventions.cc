#include "engine/check_interventions.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/status_macros.h"

namespace limpid::engine {
namespace {

absl::Status CheckSize(size_t size, size_t expected, const std::string& field) {
  if (size == expected) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrFormat("%s has %d entries, must have %d", field, size, expected));
}

absl::Status CheckFiniteValues(const std::vector<float>& values, const std::string& field) {
  const auto bad = std::ranges::find_if_not(values, [](float value) { return std::isfinite(value); });
  if (bad == values.end()) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrFormat("%s[%d] is not a finite number", field, bad - values.begin()));
}

absl::Status CheckBaseline(const ModelCard& card, const Row& row, const Baseline* baseline, const std::string& field) {
  if (baseline == nullptr) return absl::InvalidArgumentError(absl::StrCat(field, " is missing"));
  ABSL_RETURN_IF_ERROR(CheckSize(baseline->ids.size(), row.token_ids.size(), absl::StrCat(field, ".ids")));
  for (size_t i = 0; i < baseline->ids.size(); ++i) {
    const int32_t id = baseline->ids[i];
    if (id == Baseline::kZero || id == Baseline::kMean || (id >= 0 && id < card.vocab_size)) continue;
    return absl::InvalidArgumentError(
        absl::StrFormat("%s.ids[%d] is %d, must be in [0, %d), zero or mean", field, i, id, card.vocab_size));
  }
  if (row.alteration.has_value() && row.alteration->at != baseline->at) {
    return absl::InvalidArgumentError(absl::StrCat(field, ".at must be the alteration's attach point"));
  }
  return absl::OkStatus();
}

absl::Status CheckNoise(const Noise& noise, size_t length) {
  if (noise.kind != Noise::Kind::kBernoulli) {
    if (std::isfinite(noise.scale) && noise.scale >= 0) return absl::OkStatus();
    return absl::InvalidArgumentError(
        absl::StrFormat("alteration.noise.scale is %g, must be finite and not negative", noise.scale));
  }
  ABSL_RETURN_IF_ERROR(CheckSize(noise.keep.size(), length, "alteration.noise.keep"));
  for (size_t i = 0; i < length; ++i) {
    if (noise.keep[i] >= 0 && noise.keep[i] <= 1) continue;
    return absl::InvalidArgumentError(
        absl::StrFormat("alteration.noise.keep[%d] is %g, must be in [0, 1]", i, noise.keep[i]));
  }
  return absl::OkStatus();
}

absl::Status CheckAlteration(const ModelCard& card, const Row& row) {
  const Alteration& alteration = *row.alteration;
  const size_t length = row.token_ids.size();
  if (alteration.noise.has_value()) ABSL_RETURN_IF_ERROR(CheckNoise(*alteration.noise, length));
  if (alteration.baseline != nullptr) {
    ABSL_RETURN_IF_ERROR(CheckBaseline(card, row, alteration.baseline.get(), "alteration.baseline"));
    if (alteration.alpha.size() != 1) {
      ABSL_RETURN_IF_ERROR(CheckSize(alteration.alpha.size(), length, "alteration.alpha"));
    }
    ABSL_RETURN_IF_ERROR(CheckFiniteValues(alteration.alpha, "alteration.alpha"));
  }
  // What went in there is no longer what came out.
  for (size_t point = 0; point < static_cast<size_t>(alteration.at); ++point) {
    if (!row.wanted.gradient_at[point]) continue;
    return absl::InvalidArgumentError(
        absl::StrFormat("wanted.gradient_at[%d] lies before the alteration's attach point", point));
  }
  if (row.wanted.substitutions.has_value() && alteration.at != AttachPoint::kWordEmbedding) {
    return absl::InvalidArgumentError("wanted.substitutions need an alteration of the word embedding, or none");
  }
  return absl::OkStatus();
}

absl::Status CheckHiddenStates(const ModelCard& card, const Row& row, const HiddenStates* states,
                               const std::string& field) {
  if (states == nullptr) return absl::OkStatus();
  if (states->layer < 0 || states->layer > card.num_layers) {
    return absl::InvalidArgumentError(
        absl::StrFormat("%s.layer is %d, must be in [0, %d]", field, states->layer, card.num_layers));
  }
  const size_t size = row.token_ids.size() * static_cast<size_t>(card.hidden_size);
  ABSL_RETURN_IF_ERROR(CheckSize(states->values.size(), size, absl::StrCat(field, ".values")));
  return CheckFiniteValues(states->values, absl::StrCat(field, ".values"));
}

absl::Status CheckSubstitutions(const ModelCard& card, size_t length, const SubstitutionSearch& search) {
  if (search.count < 1 || search.count > card.vocab_size) {
    return absl::InvalidArgumentError(
        absl::StrFormat("wanted.substitutions.count is %d, must be in [1, %d]", search.count, card.vocab_size));
  }
  if (search.is_allowed == nullptr) return absl::InvalidArgumentError("wanted.substitutions.is_allowed is missing");
  ABSL_RETURN_IF_ERROR(
      CheckSize(search.is_allowed->size(), static_cast<size_t>(card.vocab_size), "wanted.substitutions.is_allowed"));
  for (size_t i = 0; i < search.tokens.size(); ++i) {
    const int32_t token = search.tokens[i];
    if (token >= 0 && static_cast<size_t>(token) < length) continue;
    return absl::InvalidArgumentError(
        absl::StrFormat("wanted.substitutions.tokens[%d] is %d, must be in [0, %d)", i, token, length));
  }
  return absl::OkStatus();
}

absl::Status CheckPositions(const ModelCard& card, const std::vector<int32_t>& positions, size_t length) {
  ABSL_RETURN_IF_ERROR(CheckSize(positions.size(), length, "positions"));
  for (size_t i = 0; i < length; ++i) {
    const int32_t least = i == 0 ? 0 : positions[i - 1] + 1;
    if (positions[i] >= least && positions[i] < card.max_tokens) continue;
    return absl::InvalidArgumentError(
        absl::StrFormat("positions[%d] is %d, must be in [%d, %d)", i, positions[i], least, card.max_tokens));
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status CheckInterventions(const ModelCard& card, const Row& row) {
  const size_t length = row.token_ids.size();
  if (row.alteration.has_value()) ABSL_RETURN_IF_ERROR(CheckAlteration(card, row));
  if (!row.positions.empty()) ABSL_RETURN_IF_ERROR(CheckPositions(card, row.positions, length));
  ABSL_RETURN_IF_ERROR(CheckHiddenStates(card, row, row.replaced_hidden.get(), "replaced_hidden"));
  for (size_t i = 0; i < row.wanted.gradient_dots.size(); ++i) {
    ABSL_RETURN_IF_ERROR(
        CheckBaseline(card, row, row.wanted.gradient_dots[i].get(), absl::StrCat("wanted.gradient_dots[", i, "]")));
  }
  ABSL_RETURN_IF_ERROR(CheckHiddenStates(card, row, row.wanted.layer_gradient_dot.get(), "wanted.layer_gradient_dot"));
  if (row.wanted.substitutions.has_value()) {
    ABSL_RETURN_IF_ERROR(CheckSubstitutions(card, length, *row.wanted.substitutions));
  }
  if (row.backward_rule != BackwardRule::kGradient && !card.has_lrp) {
    return absl::InvalidArgumentError(
        "backward_rule: this server was built without relevance propagation (CMake option LIMPID_LRP)");
  }
  return absl::OkStatus();
}

}  // namespace limpid::engine
