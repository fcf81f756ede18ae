#include "explain/generation_request.h"

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "explain/input.h"
#include "explain/preparation.h"

namespace limpid::explain {
namespace {

constexpr size_t kMaxStops = 16, kMaxStopBytes = 256;
constexpr uint32_t kMaxAlternatives = 20;

absl::Status FieldError(const std::string& field, const std::string& problem) {
  return absl::InvalidArgumentError(absl::StrCat(field, ": ", problem));
}

absl::Status CheckSampling(const Sampling& sampling) {
  if (!(sampling.temperature >= 0 && sampling.temperature <= 100)) {
    return FieldError("sampling.temperature", absl::StrCat("is ", sampling.temperature, ", must be in [0, 100]"));
  }
  if (!(sampling.top_p >= 0 && sampling.top_p <= 1)) {
    return FieldError("sampling.top_p", absl::StrCat("is ", sampling.top_p, ", must be in [0, 1]"));
  }
  const bool draws = sampling.top_k > 0 || sampling.top_p > 0 || sampling.seed > 0;
  if (sampling.temperature == 0 && draws) {
    return FieldError("sampling.temperature", "must be set with top_k, top_p or seed: without it nothing is drawn");
  }
  return absl::OkStatus();
}

absl::Status CheckStops(const std::vector<std::string>& stops) {
  if (stops.size() > kMaxStops) {
    return FieldError("stop", absl::StrCat("has ", stops.size(), " strings, at most ", kMaxStops, " are allowed"));
  }
  for (size_t i = 0; i < stops.size(); ++i) {
    if (!stops[i].empty() && stops[i].size() <= kMaxStopBytes) continue;
    return FieldError(absl::StrCat("stop[", i, "]"),
                      absl::StrCat("has ", stops[i].size(), " bytes, must have 1 to ", kMaxStopBytes));
  }
  return absl::OkStatus();
}

absl::Status CheckExplanation(const GenerateRequest& request) {
  using Kind = TargetSpec::Kind;
  const TargetSpec& target = request.explain.target;
  const bool is_token =
      target.kind == Kind::kDefault || ((target.kind == Kind::kClass || target.kind == Kind::kContrast) &&
                                        !target.target.index.has_value() && !target.target.label.has_value());
  if (!is_token)
    return FieldError("target", "is the token that comes: predicted_class, or a contrast without a target");
  if (target.position.has_value()) return FieldError("target.position", "is each token's own");
  for (size_t i = 1; i < request.explained.size(); ++i) {
    if (request.explained[i - 1] < request.explained[i]) continue;
    return FieldError(absl::StrCat("explained[", i, "]"),
                      absl::StrCat("is ", request.explained[i], ", must be above the one before it"));
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status CheckGeneration(const GenerateRequest& request, const Model& model, const Limits& limits) {
  const engine::ModelCard& card = model.engine->card();
  if (!card.is_language_model() || !card.is_causal) {
    return FieldError("model",
                      absl::StrCat("'", model.name, "' (", card.architecture, ") is no causal language model"));
  }
  if (request.explain.methods.size() > limits.max_methods) {
    return FieldError("methods", absl::StrCat(request.explain.methods.size(), " are asked for, at most ",
                                              limits.max_methods, " are allowed"));
  }
  ABSL_RETURN_IF_ERROR(CheckInput(request.explain.input, limits));
  if (request.completion.has_value()) ABSL_RETURN_IF_ERROR(CheckCompletion(*request.completion, limits));
  ABSL_RETURN_IF_ERROR(CheckSampling(request.sampling));
  ABSL_RETURN_IF_ERROR(CheckStops(request.stop));
  if (request.alternatives > kMaxAlternatives) {
    return FieldError("alternatives",
                      absl::StrCat("is ", request.alternatives, ", must be at most ", kMaxAlternatives));
  }
  return CheckExplanation(request);
}

schedule::Demand GuessDemand(const Model& model, const GenerateRequest& request) {
  schedule::Demand demand = GuessDemand(model, request.explain);
  demand.tokens += request.max_new_tokens > 0 ? request.max_new_tokens : kDefaultNewTokens;
  return demand;
}

}  // namespace limpid::explain
