#include "methods/registry.h"

#include <map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/reason.h"

namespace limpid::methods {
namespace {

// Filled before main begins; only read afterwards.
std::map<v1::Method::MethodCase, Create>& Registry() {
  static auto& registry = *new std::map<v1::Method::MethodCase, Create>();
  return registry;
}

const std::string& NameOf(v1::Method::MethodCase field) {
  return v1::Method::descriptor()->FindFieldByNumber(field)->name();
}

}  // namespace

Registration::Registration(v1::Method::MethodCase field, Create create) { Registry()[field] = std::move(create); }

absl::StatusOr<explain::MethodSpec> ReadMethod(const v1::Method& method, const std::string& field) {
  const auto found = Registry().find(method.method_case());
  if (found == Registry().end()) {
    return absl::InvalidArgumentError(absl::StrCat(field, ": no method is set that this server knows"));
  }
  const std::string& name = NameOf(method.method_case());
  const Create& create = found->second;
  if (const absl::Status status = create(method).status(); !status.ok()) {
    return base::Annotate(status, absl::StrCat(field, ".", name, "."));
  }
  return explain::MethodSpec{.name = name, .make = [&create, method] { return *create(method); }};
}

std::vector<std::string> MethodNames() {
  std::vector<std::string> names;
  for (const auto& [field, create] : Registry()) names.push_back(NameOf(field));
  return names;
}

}  // namespace limpid::methods
