#include "engine/weights/config_json.h"

#include <cmath>
#include <fstream>
#include <sstream>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace limpid::engine {

absl::StatusOr<ConfigJson> ConfigJson::Load(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return absl::NotFoundError(absl::StrCat("cannot open ", path));
  std::ostringstream text;
  text << file.rdbuf();
  return Parse(path, text.str());
}

absl::StatusOr<ConfigJson> ConfigJson::Parse(const std::string& name, const std::string& text) {
  auto json = nlohmann::json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object()) return absl::InvalidArgumentError(absl::StrCat(name, ": not a JSON object"));
  return ConfigJson(name, std::move(json));
}

const nlohmann::json* ConfigJson::Get(const std::string& field) const {
  const auto it = json_.find(field);
  return it == json_.end() || it->is_null() ? nullptr : &*it;
}

absl::Status ConfigJson::Error(const std::string& field, const std::string& what) const {
  return absl::InvalidArgumentError(absl::StrCat(name_, ": ", field, ": ", what));
}

bool ConfigJson::Has(const std::string& field) const { return Get(field) != nullptr; }

absl::StatusOr<int64_t> ConfigJson::Int(const std::string& field, int64_t minimum, int64_t maximum,
                                        std::optional<int64_t> default_value) const {
  const auto* value = Get(field);
  if (value == nullptr) {
    if (default_value) return *default_value;
    return Error(field, "is missing");
  }
  const bool fits = value->is_number_integer() &&
                    !(value->is_number_unsigned() && value->get<uint64_t>() > static_cast<uint64_t>(maximum)) &&
                    value->get<int64_t>() >= minimum && value->get<int64_t>() <= maximum;
  if (!fits) return Error(field, absl::StrFormat("must be a whole number from %d to %d", minimum, maximum));
  return value->get<int64_t>();
}

absl::StatusOr<double> ConfigJson::Number(const std::string& field, std::optional<double> default_value) const {
  const auto* value = Get(field);
  if (value == nullptr && default_value) return *default_value;
  if (value == nullptr) return Error(field, "is missing");
  if (!value->is_number() || !std::isfinite(value->get<double>())) return Error(field, "must be a number");
  return value->get<double>();
}

absl::StatusOr<bool> ConfigJson::Bool(const std::string& field, bool default_value) const {
  const auto* value = Get(field);
  if (value == nullptr) return default_value;
  if (!value->is_boolean()) return Error(field, "must be true or false");
  return value->get<bool>();
}

absl::StatusOr<std::string> ConfigJson::String(const std::string& field,
                                               std::optional<std::string> default_value) const {
  const auto* value = Get(field);
  if (value == nullptr && default_value) return *std::move(default_value);
  if (value == nullptr) return Error(field, "is missing");
  if (!value->is_string()) return Error(field, "must be a string");
  return value->get<std::string>();
}

absl::StatusOr<std::vector<std::string>> ConfigJson::Strings(const std::string& field) const {
  std::vector<std::string> strings;
  const auto* value = Get(field);
  if (value == nullptr) return strings;
  if (!value->is_array()) return Error(field, "must be a list of strings");
  for (const auto& element : *value) {
    if (!element.is_string()) return Error(field, "must be a list of strings");
    strings.push_back(element.get<std::string>());
  }
  return strings;
}

absl::StatusOr<std::vector<int32_t>> ConfigJson::Ids(const std::string& field, int32_t maximum) const {
  std::vector<int32_t> ids;
  const auto* value = Get(field);
  if (value == nullptr) return ids;
  for (const auto& id : value->is_array() ? *value : nlohmann::json::array({*value})) {
    if (!id.is_number_integer() || id.get<int64_t>() < 0 || id.get<int64_t>() > maximum) {
      return Error(field, absl::StrFormat("must be whole numbers from 0 to %d", maximum));
    }
    ids.push_back(id.get<int32_t>());
  }
  return ids;
}

absl::StatusOr<std::vector<std::string>> ConfigJson::IndexedStrings(const std::string& field) const {
  std::vector<std::string> strings;
  const auto* value = Get(field);
  if (value == nullptr) return strings;
  if (!value->is_object()) return Error(field, "must be an object");
  for (size_t i = 0; i < value->size(); ++i) {
    const auto it = value->find(absl::StrCat(i));
    if (it == value->end() || !it->is_string()) return Error(field, absl::StrCat("has no string for key \"", i, "\""));
    strings.push_back(it->get<std::string>());
  }
  return strings;
}

absl::StatusOr<std::map<std::string, std::string>> ConfigJson::StringMap(const std::string& field) const {
  std::map<std::string, std::string> strings;
  const auto* value = Get(field);
  if (value == nullptr) return strings;
  if (!value->is_object()) return Error(field, "must be an object");
  for (const auto& [key, element] : value->items()) {
    if (!element.is_string()) return Error(field, absl::StrCat("has no string for key \"", key, "\""));
    strings.emplace(key, element.get<std::string>());
  }
  return strings;
}

absl::StatusOr<std::optional<ConfigJson>> ConfigJson::Object(const std::string& field) const {
  const auto* value = Get(field);
  if (value == nullptr) return std::nullopt;
  if (!value->is_object()) return Error(field, "must be an object");
  return ConfigJson(absl::StrCat(name_, ": ", field), *value);
}

}  // namespace limpid::engine
