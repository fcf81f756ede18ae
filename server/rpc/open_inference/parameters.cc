#include "rpc/open_inference/parameters.h"

#include <algorithm>
#include <map>
#include <string_view>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/status_macros.h"
#include "methods/registry.h"
#include "rpc/open_inference/set_field.h"
#include "rpc/open_inference/wrong.h"

namespace limpid::rpc {
namespace {

using inference::InferParameter;
// In order, so that of several faults the same one is named each time.
using Parameters = std::map<std::string, const InferParameter*, std::less<>>;

absl::Status SetMethod(const InferParameter& value, InferParameters* parameters) {
  const std::string& name = value.string_param();
  const google::protobuf::FieldDescriptor* field = v1::Method::descriptor()->FindFieldByName(name);
  if (field == nullptr) {
    return Wrong("method", absl::StrCat("must be one of ", absl::StrJoin(methods::MethodNames(), ", ")));
  }
  v1::Method* method = parameters->request.add_methods();
  method->GetReflection()->MutableMessage(method, field);
  parameters->method = name;
  return absl::OkStatus();
}

absl::Status SetClass(const std::string& name, const InferParameter& value, v1::Class* ref) {
  return SetField(name, value.has_string_param() ? "label" : "index", value, ref);
}

absl::Status SetTarget(const Parameters& given, v1::Target* target) {
  const auto chosen = given.find("target"), foil = given.find("foil");
  if (foil != given.end()) {
    ABSL_RETURN_IF_ERROR(SetClass("foil", *foil->second, target->mutable_contrast()->mutable_foil()));
  }
  if (chosen == given.end()) return absl::OkStatus();
  v1::Class* ref = foil == given.end() ? target->mutable_class_() : target->mutable_contrast()->mutable_target();
  return SetClass("target", *chosen->second, ref);
}

absl::Status SetTimeLimit(const InferParameter& value, InferParameters* parameters) {
  const int64_t microseconds =
      value.has_uint64_param() ? static_cast<int64_t>(value.uint64_param()) : value.int64_param();
  if (microseconds <= 0) return Wrong("timeout", "must be a number of microseconds, at least 1");
  parameters->time_limit = absl::Microseconds(microseconds);
  return absl::OkStatus();
}

absl::Status SetPriority(const InferParameter& value, InferParameters* parameters) {
  if (!value.has_uint64_param() && !value.has_int64_param()) return Wrong("priority", "must be an integer");
  const bool is_bulk = value.uint64_param() > 1 || value.int64_param() > 1;
  parameters->request.set_priority(is_bulk ? v1::PRIORITY_BULK : v1::PRIORITY_INTERACTIVE);
  return absl::OkStatus();
}

absl::Status SetOption(const std::string& name, const InferParameter& value, InferParameters* parameters) {
  if (parameters->method.empty()) return Wrong(name, "needs the parameter method");
  return SetField(name, absl::StrCat(parameters->method, name.substr(name.find('.'))), value,
                  parameters->request.mutable_methods(0));
}

// Parameters that are fields of an ExplainRequest, alone or with what follows a dot.
bool IsField(std::string_view name) {
  constexpr std::string_view kFields[] = {"target",      "attention",     "granularity",
                                          "aggregation", "normalization", "drop_special_tokens"};
  return std::ranges::count(kFields, name.substr(0, name.find('.'))) > 0;
}

absl::Status Set(const std::string& name, const InferParameter& value, InferParameters* parameters) {
  // These come first, and together: SetMethod, SetTarget.
  if (name == "method" || name == "target" || name == "foil") return absl::OkStatus();
  // The one response of a request of a stream is its final one.
  if (name == "triton_enable_empty_final_response") return absl::OkStatus();
  if (name == "timeout") return SetTimeLimit(value, parameters);
  if (name == "priority") return SetPriority(value, parameters);
  if (name == "truncation") return SetField(name, name, value, parameters->request.mutable_input());
  if (absl::StartsWith(name, "method.")) return SetOption(name, value, parameters);
  if (IsField(name)) return SetField(name, name, value, &parameters->request);
  return Wrong("parameters",
               absl::StrCat("\"", name,
                            "\" is unknown; known are method, method.*, target, target.*, foil, attention, "
                            "attention.*, granularity, aggregation, normalization, drop_special_tokens, "
                            "truncation, priority, timeout"));
}

}  // namespace

absl::StatusOr<InferParameters> ReadInferParameters(const inference::ModelInferRequest& request) {
  Parameters given;
  for (const auto& [name, value] : request.parameters()) given[name] = &value;
  InferParameters parameters;
  if (const auto method = given.find("method"); method != given.end()) {
    ABSL_RETURN_IF_ERROR(SetMethod(*method->second, &parameters));
  }
  if (given.contains("target") || given.contains("foil")) {
    ABSL_RETURN_IF_ERROR(SetTarget(given, parameters.request.mutable_target()));
  }
  for (const auto& [name, value] : given) ABSL_RETURN_IF_ERROR(Set(name, *value, &parameters));
  const v1::AttentionSelection& attention = parameters.request.attention();
  if (attention.top_k() > 0) return Wrong("attention.top_k", "is not for parameters");
  if (attention.encoding() != v1::ENCODING_UNSPECIFIED) return Wrong("attention.encoding", "is not for parameters");
  return parameters;
}

}  // namespace limpid::rpc
