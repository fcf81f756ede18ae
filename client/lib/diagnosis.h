#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "lib/explain_client.h"

namespace limpid::client {

struct HealthFinding {
  std::string name;                    // as health knows it
  absl::StatusOr<std::string> status;  // "SERVING" if well
};

struct SelfTest {
  std::string model;
  absl::Status status;  // also DATA_LOSS for an explanation that cannot be right
  absl::Duration time;
  size_t num_units = 0;  // pieces of text that got a score
};

// What was found out about a server.
struct Diagnosis {
  absl::Status reached;  // if not OK the rest is empty
  absl::Duration round_trip;
  std::vector<HealthFinding> health;
  absl::StatusOr<v1::ListModelsResponse> models;
  std::vector<SelfTest> self_tests;  // one a model

  bool is_well() const;
};

// Asks health under each of its names, for the models, and for a small explanation by each.
Diagnosis Diagnose(const ExplainClient& client);

}  // namespace limpid::client
