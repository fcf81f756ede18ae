#include "explain/methods.h"

#include <string>
#include <utility>
#include <variant>

#include "absl/strings/str_cat.h"
#include "explain/explainer.h"

namespace limpid::explain {
namespace {

template <size_t... kIndices>
std::vector<std::string> NamesOf(std::index_sequence<kIndices...>) {
  return {std::string(Make(std::variant_alternative_t<kIndices, MethodSpec>())->name())...};
}

}  // namespace

std::unique_ptr<Method> MakeMethod(const MethodSpec& spec) {
  return std::visit([](const auto& chosen) { return Make(chosen); }, spec);
}

std::vector<std::unique_ptr<Method>> MakeMethods(const std::vector<MethodSpec>& specs) {
  std::vector<std::unique_ptr<Method>> methods;
  for (const MethodSpec& spec : specs) methods.push_back(MakeMethod(spec));
  return methods;
}

std::vector<std::string> MethodNames() { return NamesOf(std::make_index_sequence<std::variant_size_v<MethodSpec>>()); }

engine::Row FrozenRow(const MethodInput& input, const engine::Prediction& base) {
  engine::Row row = input.base_row;
  row.wanted = {};
  row.target.class_index = base.class_index;
  row.target.foil_index = base.foil_index;
  return row;
}

absl::Status CheckQueryToken(uint32_t query_token, const MethodInput& input) {
  const size_t num_tokens = input.encoding.tokens.size();
  if (query_token < num_tokens) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("query_token: is ", query_token, ", the input has tokens 0 to ", num_tokens - 1));
}

}  // namespace limpid::explain
