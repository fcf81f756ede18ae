#include "lib/render/models_report.h"

#include <algorithm>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "lib/render/visible_text.h"

namespace limpid::client {
namespace {

constexpr int kLabelsInTable = 4;

std::string Size(uint64_t parameters) {
  if (parameters >= 1'000'000'000) return absl::StrFormat("%.1f G", static_cast<double>(parameters) / 1e9);
  if (parameters >= 1'000'000) return absl::StrFormat("%.1f M", static_cast<double>(parameters) / 1e6);
  return absl::StrFormat("%.1f k", static_cast<double>(parameters) / 1e3);
}

std::string Labels(const v1::Model& model, int most) {
  std::vector<std::string> labels;
  for (int i = 0; i < std::min(model.labels_size(), most); ++i) labels.push_back(VisibleText(model.labels(i)));
  const int left_out = model.labels_size() - static_cast<int>(labels.size());
  if (left_out > 0) labels.push_back(absl::StrCat("and ", left_out, " more"));
  return absl::StrJoin(labels, ", ");
}

std::vector<std::string> Row(const v1::Model& model) {
  return {absl::StrCat(VisibleText(model.identity().name()), model.is_default() ? " *" : ""),
          VisibleText(model.task()),
          Size(model.num_parameters()),
          absl::StrCat(model.num_layers(), " x ", model.num_heads()),
          absl::StrCat(model.limits().max_tokens()),
          VisibleText(model.device()),
          Labels(model, kLabelsInTable)};
}

}  // namespace

std::string ModelsTable(const v1::ListModelsResponse& models, const Palette& palette) {
  std::vector<std::vector<std::string>> rows = {
      {"model", "task", "parameters", "layers x heads", "max tokens", "device", "labels"}};
  for (const v1::Model& model : models.models()) rows.push_back(Row(model));
  std::vector<size_t> columns(rows[0].size());
  for (const std::vector<std::string>& row : rows) {
    for (size_t i = 0; i < row.size(); ++i) columns[i] = std::max(columns[i], DisplayWidth(row[i]));
  }
  std::string table;
  for (size_t r = 0; r < rows.size(); ++r) {
    std::string line;
    for (size_t i = 0; i < rows[r].size(); ++i)
      absl::StrAppend(&line, i == 0 ? "" : "  ", PaddedRight(rows[r][i], columns[i]));
    line.erase(line.find_last_not_of(' ') + 1);
    absl::StrAppend(&table, r == 0 ? palette.Bold(line) : line, "\n");
  }
  return table + palette.Dim("* answers when no --model is named") + "\n";
}

std::string ModelReport(const v1::Model& model, const Palette& palette) {
  std::vector<std::string> methods;
  for (const std::string& method : model.methods()) methods.push_back(VisibleText(method));
  const v1::Limits& limits = model.limits();
  const std::vector<std::pair<std::string, std::string>> lines = {
      {"model", absl::StrCat(VisibleText(model.identity().name()), model.is_default() ? " (the default)" : "")},
      {"architecture", VisibleText(model.architecture())},
      {"task", VisibleText(model.task())},
      {"labels", Labels(model, model.labels_size())},
      {"size",
       absl::StrCat(Size(model.num_parameters()), " parameters: ", model.num_layers(), " layers of ", model.num_heads(),
                    " heads, hidden size ", model.hidden_size(), ", vocabulary of ", model.vocab_size())},
      {"weights", absl::StrCat("sha256 ", VisibleText(model.identity().weights_sha256()))},
      {"device", VisibleText(model.device())},
      {"limits", absl::StrCat(limits.max_tokens(), " tokens, ", limits.max_text_bytes(), " bytes of text, ",
                              limits.max_methods(), " methods, ", limits.max_attention_bytes(), " bytes of attention")},
      {"methods", absl::StrJoin(methods, ", ")},
  };
  std::string report;
  for (const auto& [name, value] : lines) {
    if (!value.empty()) absl::StrAppend(&report, palette.Bold(PaddedRight(name, 14)), value, "\n");
  }
  return report;
}

}  // namespace limpid::client
