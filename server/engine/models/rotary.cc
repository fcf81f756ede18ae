#include "engine/models/rotary.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numbers>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "base/status_macros.h"

namespace limpid::engine {
namespace {

// Llama 3.1's: long waves are stretched, short ones stay, those between are mixed.
absl::Status ScaleAsLlama3(const ConfigJson& parameters, std::vector<double>* frequencies) {
  ABSL_ASSIGN_OR_RETURN(const double factor, parameters.Number("factor"));
  ABSL_ASSIGN_OR_RETURN(const double low, parameters.Number("low_freq_factor"));
  ABSL_ASSIGN_OR_RETURN(const double high, parameters.Number("high_freq_factor"));
  ABSL_ASSIGN_OR_RETURN(const double length, parameters.Number("original_max_position_embeddings"));
  for (double& frequency : *frequencies) {
    const double turns = length * frequency / (2 * std::numbers::pi);
    const double kept = std::clamp((turns - low) / (high - low), 0.0, 1.0);
    frequency = (1 - kept) * frequency / factor + kept * frequency;
  }
  return absl::OkStatus();
}

// YaRN (Peng et al. 2023).
absl::Status ScaleAsYarn(const ConfigJson& parameters, double base, std::vector<double>* frequencies,
                         double* attention) {
  ABSL_ASSIGN_OR_RETURN(const double factor, parameters.Number("factor"));
  ABSL_ASSIGN_OR_RETURN(const double length, parameters.Number("original_max_position_embeddings"));
  ABSL_ASSIGN_OR_RETURN(const double beta_fast, parameters.Number("beta_fast", 32));
  ABSL_ASSIGN_OR_RETURN(const double beta_slow, parameters.Number("beta_slow", 1));
  ABSL_ASSIGN_OR_RETURN(const bool truncates, parameters.Bool("truncate", true));
  ABSL_ASSIGN_OR_RETURN(const double mscale, parameters.Number("mscale", 0));
  ABSL_ASSIGN_OR_RETURN(const double mscale_all_dim, parameters.Number("mscale_all_dim", 0));
  const auto scale_of = [factor](double m) { return factor <= 1 ? 1 : 0.1 * m * std::log(factor) + 1; };
  const bool are_both = mscale != 0 && mscale_all_dim != 0;
  ABSL_ASSIGN_OR_RETURN(
      *attention,
      parameters.Number("attention_factor", are_both ? scale_of(mscale) / scale_of(mscale_all_dim) : scale_of(1)));
  const auto pairs = static_cast<double>(frequencies->size());
  const auto pair_of = [&](double turns) {
    return pairs * std::log(length / (turns * 2 * std::numbers::pi)) / std::log(base);
  };
  double first = pair_of(beta_fast), last = pair_of(beta_slow);
  if (truncates) {
    first = std::floor(first);
    last = std::ceil(last);
  }
  first = std::max(first, 0.0);
  last = std::min(last, 2 * pairs - 1);
  if (first == last) last += 0.001;
  for (size_t i = 0; i < frequencies->size(); ++i) {
    const double stretched = std::clamp((static_cast<double>(i) - first) / (last - first), 0.0, 1.0);
    (*frequencies)[i] *= stretched / factor + (1 - stretched);
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Rotary> ReadRotary(const ConfigJson& config, const Architecture& a) {
  ABSL_ASSIGN_OR_RETURN(std::optional<ConfigJson> parameters, config.Object("rope_scaling"));
  if (!parameters.has_value()) {
    ABSL_ASSIGN_OR_RETURN(parameters, config.Object("rope_parameters"));
  }
  ABSL_ASSIGN_OR_RETURN(const double base, config.Number("rope_theta", 10000));
  return ReadRotary(config, parameters, base, a);
}

absl::StatusOr<Rotary> ReadRotary(const ConfigJson& config, const std::optional<ConfigJson>& parameters, double base,
                                  const Architecture& a) {
  double partial = 1;
  std::string type = "default";
  if (parameters.has_value()) {
    ABSL_ASSIGN_OR_RETURN(base, parameters->Number("rope_theta", base));
    ABSL_ASSIGN_OR_RETURN(partial, parameters->Number("partial_rotary_factor", partial));
    ABSL_ASSIGN_OR_RETURN(type, parameters->String("type", type));
    ABSL_ASSIGN_OR_RETURN(type, parameters->String("rope_type", type));
  }
  if (base <= 1) return config.Error("rope_theta", "must be above 1");
  const auto pairs = static_cast<int64_t>(static_cast<double>(a.head_size) * partial) / 2;
  if (pairs < 1 || 2 * pairs > a.head_size) return config.Error("partial_rotary_factor", "must be in (0, 1]");
  std::vector<double> frequencies;
  for (int64_t i = 0; i < pairs; ++i) {
    frequencies.push_back(std::pow(base, -static_cast<double>(i) / static_cast<double>(pairs)));
  }
  Rotary rotary;
  if (type == "linear") {
    ABSL_ASSIGN_OR_RETURN(const double factor, parameters->Number("factor"));
    for (double& frequency : frequencies) frequency /= factor;
  } else if (type == "llama3") {
    ABSL_RETURN_IF_ERROR(ScaleAsLlama3(*parameters, &frequencies));
  } else if (type == "yarn") {
    ABSL_RETURN_IF_ERROR(ScaleAsYarn(*parameters, base, &frequencies, &rotary.factor));
  } else if (type != "default") {
    return absl::UnimplementedError(
        absl::StrCat("rope_type '", type, "' is not supported; supported are default, linear, llama3, yarn"));
  }
  rotary.inverse_frequencies.assign(frequencies.begin(), frequencies.end());
  for (const float frequency : rotary.inverse_frequencies) {
    if (!std::isfinite(frequency)) return config.Error("rope_parameters", "give a frequency that is not finite");
  }
  return rotary;
}

}  // namespace limpid::engine
