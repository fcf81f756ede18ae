#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "engine/row.h"
#include "explain/method.h"
#include "limpid/v1/explain.pb.h"

namespace limpid::methods {

// A baseline on one input.
struct ResolvedBaseline {
  std::shared_ptr<const engine::Baseline> at;
  std::string name;  // as in MethodCard: "PAD", "MASK", "UNKNOWN", "ZERO", "MEAN", "TEXT" or "TOKEN_IDS"
};

// Special tokens keep their own embedding. INVALID_ARGUMENT naming what is wrong with `field`: a token that the
// vocabulary lacks, ids that do not fit the input, a text that cannot be read, noise of the base row at another attach
// point, or ZERO before the embedding norm: the norm sees no length, so that F jumps at zero (fp32 and fp64 of PyTorch
// itself differ by 8e-3).
absl::StatusOr<ResolvedBaseline> ResolveBaseline(const v1::Baseline& baseline, engine::AttachPoint at,
                                                 const explain::MethodInput& input, const std::string& field);

}  // namespace limpid::methods
