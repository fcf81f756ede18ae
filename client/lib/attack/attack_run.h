#pragma once

#include <cstddef>
#include <functional>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "lib/attack/attack.h"
#include "lib/batch/patience.h"
#include "lib/explain_client.h"
#include "lib/texts/text_source.h"
#include "limpid/v1/explain.pb.h"

namespace limpid::client {

// Attacks all texts of `source` by `request`, which lacks only the text, `concurrency` at a time, and delivers what
// came of each in their order, by one thread at a time. An error is what stopped it: it concerns all texts.
absl::Status AttackAll(const v1::ExplainRequest& request, size_t concurrency, const ExplainClient& client,
                       const Patience& patience, TextSource* source,
                       const std::function<void(const TextRecord&, const absl::StatusOr<Attacked>&)>& deliver);

}  // namespace limpid::client
