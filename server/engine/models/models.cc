#include "engine/models/models.h"

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/status_macros.h"

namespace limpid::engine {
namespace {

struct Entry {
  const char* name;  // as in config.json `architectures`
  absl::StatusOr<Architecture> (*describe)(const std::string& name, const ConfigJson& config);
};

constexpr Entry kModels[] = {
    {"BertModel", DescribeBert},
    {"BertForSequenceClassification", DescribeBert},
    {"RobertaModel", DescribeRoberta},
    {"RobertaForSequenceClassification", DescribeRoberta},
    {"XLMRobertaModel", DescribeRoberta},
    {"XLMRobertaForSequenceClassification", DescribeRoberta},
    {"CamembertModel", DescribeRoberta},
    {"CamembertForSequenceClassification", DescribeRoberta},
    {"DistilBertModel", DescribeDistilBert},
    {"DistilBertForSequenceClassification", DescribeDistilBert},
    {"ElectraModel", DescribeElectra},
    {"ElectraForSequenceClassification", DescribeElectra},
    {"AlbertModel", DescribeAlbert},
    {"AlbertForSequenceClassification", DescribeAlbert},
};

}  // namespace

absl::StatusOr<Architecture> DescribeModel(const ConfigJson& config) {
  ABSL_ASSIGN_OR_RETURN(const auto architectures, config.Strings("architectures"));
  if (architectures.empty()) return config.Error("architectures", "is missing or empty");
  for (const Entry& entry : kModels) {
    if (entry.name == architectures[0]) return entry.describe(entry.name, config);
  }
  const auto name = [](std::string* out, const Entry& entry) { out->append(entry.name); };
  return absl::UnimplementedError(absl::StrCat("architecture '", architectures[0], "' is not supported; supported are ",
                                               absl::StrJoin(kModels, ", ", name)));
}

}  // namespace limpid::engine
