#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "limpid/v1/explain.pb.h"

namespace limpid::client {

// What --help says about a method; `options` come from the contract, and are empty where there are none.
struct MethodHelp {
  std::string name;
  std::string options;
  std::string meaning;
  bool is_conditional = false;  // does not run on every text of every model
};

// All methods of the contract, in its order.
const std::vector<MethodHelp>& MethodHelps();

// One method as a person writes it: NAME[@ATTACH_POINT][:OPTION]..., for example "saliency", "saliency:l1",
// "gradient_x_input@embedding_output", "gradient_x_attention:layer=3:query=0", "occlusion:word:delete",
// "integrated_gradients:tolerance=1e-2:baselines=mask" (message_options.h). Hyphens do for underscores.
// INVALID_ARGUMENT says what is possible instead.
absl::StatusOr<v1::Method> ParseMethod(absl::string_view spec);

// The specs in a comma list, "all" replaced by the names it stands for; empty if the list is "none". ParseMethod says
// whether they are any good.
std::vector<std::string> MethodSpecs(absl::string_view list);
// Of several lists, one after the other.
std::vector<std::string> MethodSpecs(const std::vector<std::string>& lists);

// A comma list of methods. "all" stands for every method that runs on any text of any model, "none" alone for no
// method.
absl::StatusOr<std::vector<v1::Method>> ParseMethods(absl::string_view list);

}  // namespace limpid::client
