#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "explain/explainer.h"

namespace limpid::rpc {

// A version is the SHA-256 of the weights; empty: whichever is loaded. NOT_FOUND names what is.
absl::StatusOr<std::shared_ptr<const explain::Model>> FindModel(const explain::Explainer& explainer,
                                                                const std::string& name, const std::string& version);

}  // namespace limpid::rpc
