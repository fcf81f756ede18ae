#include "lib/diagnosis.h"

#include <algorithm>
#include <cmath>

#include "absl/time/clock.h"

namespace limpid::client {
namespace {

// Which is the shortest of, since others are of a busy machine.
constexpr int kRoundTrips = 5;
constexpr const char* kHealthNames[] = {"", "limpid.v1.Explainer", "liveness"};
constexpr char kText[] = "Income is stable, but two payments were missed.";

absl::Duration RoundTrip(const ExplainClient& client) {
  absl::Duration shortest = absl::InfiniteDuration();
  for (int i = 0; i < kRoundTrips; ++i) {
    const absl::Time start = absl::Now();
    // Whatever it says: it has been there and back.
    (void)client.Health("");
    shortest = std::min(shortest, absl::Now() - start);
  }
  return shortest;
}

SelfTest Explain(const ExplainClient& client, const v1::Model& model) {
  const std::string& name = model.identity().name();
  v1::ExplainRequest request;
  request.set_model(name);
  request.mutable_input()->set_text(kText);
  request.add_methods()->mutable_saliency();
  // A masked model would look for a mask.
  if (model.task() == "language_model") request.mutable_target()->set_position(1);
  SelfTest test = {.model = name, .status = {}, .time = {}};
  const absl::Time start = absl::Now();
  const absl::StatusOr<Explanation> explanation = client.Explain(request);
  test.time = absl::Now() - start;
  test.status = explanation.status();
  if (!explanation.ok()) return test;
  const auto& scores = explanation->attributions.at(0).scores();
  test.num_units = static_cast<size_t>(scores.size());
  const bool all_finite = std::all_of(scores.begin(), scores.end(), [](float score) { return std::isfinite(score); });
  const bool any = std::any_of(scores.begin(), scores.end(), [](float score) { return score != 0; });
  if (!all_finite || !any) test.status = absl::DataLossError("the scores are not finite, or all zero");
  return test;
}

}  // namespace

bool Diagnosis::is_well() const {
  const auto serves = [](const HealthFinding& finding) { return finding.status.ok() && *finding.status == "SERVING"; };
  const auto passed = [](const SelfTest& test) { return test.status.ok(); };
  return reached.ok() && std::all_of(health.begin(), health.end(), serves) && models.ok() && !self_tests.empty() &&
         std::all_of(self_tests.begin(), self_tests.end(), passed);
}

Diagnosis Diagnose(const ExplainClient& client) {
  Diagnosis diagnosis = {
      .reached = {}, .round_trip = {}, .health = {}, .models = client.ListModels(), .self_tests = {}};
  if (absl::IsUnavailable(diagnosis.models.status()) && absl::IsUnavailable(client.Health("").status())) {
    diagnosis.reached = diagnosis.models.status();
    return diagnosis;
  }
  diagnosis.round_trip = RoundTrip(client);
  for (const char* name : kHealthNames) diagnosis.health.push_back({name, client.Health(name)});
  if (!diagnosis.models.ok()) return diagnosis;
  for (const v1::Model& model : diagnosis.models->models()) {
    diagnosis.self_tests.push_back(Explain(client, model));
  }
  return diagnosis;
}

}  // namespace limpid::client
