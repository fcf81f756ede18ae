#pragma once

#include <google/protobuf/text_format.h>

#include <memory>
#include <stdexcept>
#include <string>

#include "explain/method.h"
#include "explain/request.h"
#include "limpid/v1/explain.pb.h"
#include "methods/registry.h"

namespace limpid::testing {

// A method as the contract has it, in Protobuf's text form: "saliency { reduction: REDUCTION_L1 }".
inline absl::StatusOr<explain::MethodSpec> ReadSpec(const std::string& text) {
  v1::Method method;
  if (!google::protobuf::TextFormat::ParseFromString(text, &method)) throw std::invalid_argument(text);
  return methods::ReadMethod(method, "methods[0]");
}

inline explain::MethodSpec Spec(const std::string& text) {
  absl::StatusOr<explain::MethodSpec> spec = ReadSpec(text);
  if (!spec.ok()) throw std::invalid_argument(spec.status().ToString());
  return *std::move(spec);
}

inline std::unique_ptr<explain::Method> MakeMethod(const std::string& text) { return Spec(text).make(); }

}  // namespace limpid::testing
