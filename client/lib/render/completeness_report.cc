#include "lib/render/completeness_report.h"

#include <optional>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "lib/render/wrapped.h"

namespace limpid::client {
namespace {

constexpr char kTitle[] = "  completeness  ", kTableTitle[] = "  refinements   ";
// The contract's, where the request names none.
constexpr float kDefaultTolerance = 1e-3f;

// Of methods that refine until their errors are within it.
std::optional<float> Tolerance(const v1::Method& method) {
  const auto or_default = [](float asked) { return asked > 0 ? asked : kDefaultTolerance; };
  if (method.has_layer_integrated_gradients()) return or_default(method.layer_integrated_gradients().tolerance());
  const v1::IntegratedGradients& path = method.integrated_gradients();
  if (!method.has_integrated_gradients() || path.quadrature() == v1::IntegratedGradients::QUADRATURE_GAUSS_LEGENDRE) {
    return std::nullopt;
  }
  return or_default(path.tolerance());
}

std::string RefinementRow(const v1::MethodCard& card) {
  return absl::StrFormat("%s%5d  %18.3g  %16.3g\n", std::string(sizeof(kTableTitle) - 1, ' '), card.samples(),
                         card.completeness().error(), card.completeness().refinement_error());
}

}  // namespace

std::string CompletenessReport(const v1::Method& method, const v1::Attribution& attribution,
                               const std::vector<v1::Attribution>& refinements, const Palette& palette,
                               size_t columns) {
  const v1::MethodCard& card = attribution.card();
  if (!card.has_completeness()) return "";
  const v1::Completeness& completeness = card.completeness();
  std::string words = absl::StrFormat("the scores sum to F(text) %.6g less F(baseline) %.6g: error %.3g",
                                      completeness.value(), completeness.baseline_value(), completeness.error());
  if (completeness.refinement_error() > 0) {
    absl::StrAppend(&words, absl::StrFormat(", refinement error %.3g", completeness.refinement_error()));
  }
  if (const std::optional<float> tolerance = Tolerance(method); tolerance.has_value()) {
    absl::StrAppend(&words, completeness.is_certified() ? "; within" : "; NOT within", " the tolerance of ",
                    absl::StrFormat("%g", *tolerance));
  }
  std::string report = palette.Dim(kTitle) + Wrapped({{words}}, sizeof(kTitle) - 1, columns, palette);

  std::string rows;
  for (const v1::Attribution& refinement : refinements) {
    if (refinement.method_index() == attribution.method_index()) rows += RefinementRow(refinement.card());
  }
  if (rows.empty()) return report;
  const std::string header = absl::StrCat(kTableTitle, "nodes  completeness error  refinement error");
  return report + palette.Dim(header) + "\n" + rows + RefinementRow(card);
}

}  // namespace limpid::client
