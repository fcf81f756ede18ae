#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace limpid::engine {

// A JSON configuration of a model folder, read with checks. Every error names the file and the field.
class ConfigJson {
 public:
  // NOT_FOUND: no such file; INVALID_ARGUMENT: not a JSON object.
  static absl::StatusOr<ConfigJson> Load(const std::string& path);
  static absl::StatusOr<ConfigJson> Parse(const std::string& name, const std::string& text);

  bool Has(const std::string& field) const;
  // A whole number in [minimum, maximum]; the default if the field is absent or null.
  absl::StatusOr<int64_t> Int(const std::string& field, int64_t minimum, int64_t maximum,
                              std::optional<int64_t> default_value = std::nullopt) const;
  absl::StatusOr<double> Number(const std::string& field, std::optional<double> default_value = std::nullopt) const;
  absl::StatusOr<bool> Bool(const std::string& field, bool default_value) const;
  absl::StatusOr<std::string> String(const std::string& field,
                                     std::optional<std::string> default_value = std::nullopt) const;
  // A list of strings; empty if absent or null.
  absl::StatusOr<std::vector<std::string>> Strings(const std::string& field) const;
  // A whole number in [0, maximum], or a list of such; empty if absent or null.
  absl::StatusOr<std::vector<int32_t>> Ids(const std::string& field, int32_t maximum) const;
  // Values of an object whose keys are "0" ... "n-1", in that order (id2label); empty if absent or null.
  absl::StatusOr<std::vector<std::string>> IndexedStrings(const std::string& field) const;

  // Values of an object by their keys; empty if absent or null.
  absl::StatusOr<std::map<std::string, std::string>> StringMap(const std::string& field) const;

  // An object within; nothing if absent or null. Its errors name this field.
  absl::StatusOr<std::optional<ConfigJson>> Object(const std::string& field) const;

  absl::Status Error(const std::string& field, const std::string& what) const;

 private:
  ConfigJson(std::string name, nlohmann::json json) : name_(std::move(name)), json_(std::move(json)) {}
  // Null if absent or JSON null.
  const nlohmann::json* Get(const std::string& field) const;

  std::string name_;
  nlohmann::json json_;
};

}  // namespace limpid::engine
