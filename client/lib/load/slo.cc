#include "lib/load/slo.h"

#include <algorithm>

#include "absl/status/status.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "absl/time/time.h"

namespace limpid::client {
namespace {

absl::Status NotAnSlo(const std::string& text) {
  return absl::InvalidArgumentError(
      absl::StrCat("--slo ", text, ": not a condition such as p99<250ms, p99.9<=1s, max<2s, errors<1% or rate>=100"));
}

// False if `name` is no measure.
bool SetMeasure(absl::string_view name, Slo* slo) {
  if (name == "max") slo->measure = Slo::Measure::kMax;
  if (name == "errors") slo->measure = Slo::Measure::kErrors;
  if (name == "rate") slo->measure = Slo::Measure::kRate;
  if (name == "max" || name == "errors" || name == "rate") return true;
  slo->measure = Slo::Measure::kQuantile;
  double percent = 0;
  if (!absl::ConsumePrefix(&name, "p") || !absl::SimpleAtod(name, &percent)) return false;
  slo->fraction = percent / 100;
  return percent > 0 && percent <= 100;
}

// False if `text` is no bound for the measure, which asks for a unit.
bool SetBound(absl::string_view text, Slo* slo) {
  if (slo->measure == Slo::Measure::kErrors) {
    if (!absl::ConsumeSuffix(&text, "%")) return false;
  } else if (slo->measure != Slo::Measure::kRate) {
    absl::Duration time;
    if (!absl::ParseDuration(text, &time)) return false;
    slo->bound = absl::ToDoubleMilliseconds(time);
    return slo->bound > 0;
  }
  return absl::SimpleAtod(text, &slo->bound) && slo->bound >= 0;
}

double Measured(const Slo& slo, const StageResult& result) {
  switch (slo.measure) {
    case Slo::Measure::kQuantile:
      return absl::ToDoubleMilliseconds(result.all.QuantileOfAll(slo.fraction));
    case Slo::Measure::kMax:
      return absl::ToDoubleMilliseconds(result.all.answered.max());
    case Slo::Measure::kErrors:
      return 100 * static_cast<double>(result.all.num_failed()) / static_cast<double>(result.all.num_calls());
    case Slo::Measure::kRate:
      return result.answers_per_second();
  }
  return 0;
}

}  // namespace

absl::StatusOr<Slo> ParseSlo(const std::string& text) {
  const size_t sign = text.find_first_of("<>");
  if (sign == std::string::npos) return NotAnSlo(text);
  Slo slo;
  slo.text = text;
  slo.is_upper = text[sign] == '<';
  absl::string_view bound = absl::string_view(text).substr(sign + 1);
  slo.may_equal = absl::ConsumePrefix(&bound, "=");
  if (!SetMeasure(absl::string_view(text).substr(0, sign), &slo) || !SetBound(bound, &slo)) return NotAnSlo(text);
  return slo;
}

SloOutcome CheckSlo(const Slo& slo, const StageResult& result) {
  if (result.all.num_calls() == 0) return {slo.text, 0, false};
  const double measured = Measured(slo, result);
  const bool is_beyond = slo.is_upper ? measured > slo.bound : measured < slo.bound;
  return {slo.text, measured, !is_beyond && (slo.may_equal || measured != slo.bound)};
}

std::vector<SloOutcome> CheckSlos(const std::vector<Slo>& slos, const StageResult& result) {
  std::vector<SloOutcome> outcomes;
  for (const Slo& slo : slos) outcomes.push_back(CheckSlo(slo, result));
  return outcomes;
}

bool AllHold(const std::vector<SloOutcome>& outcomes) {
  return std::all_of(outcomes.begin(), outcomes.end(), [](const SloOutcome& outcome) { return outcome.holds; });
}

}  // namespace limpid::client
