#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "base/status_macros.h"
#include "explain/method.h"
#include "methods/lib/edit_limits.h"
#include "methods/lib/reduction.h"
#include "methods/registry.h"

namespace limpid::methods {
namespace {

// As many words out as the decision bears, the least important first (Feng et al. 2018).
class InputReduction final : public explain::Method {
 public:
  static absl::StatusOr<std::unique_ptr<Method>> Create(const v1::InputReduction& options) {
    ABSL_ASSIGN_OR_RETURN(EditLimits limits, ReadEditLimits(options.limits(), kAllEdits));
    return std::make_unique<InputReduction>(std::move(limits));
  }

  explicit InputReduction(EditLimits limits) : limits_(std::move(limits)) {}

  absl::Status Check(const explain::MethodInput& input) const override { return CheckSearch(limits_, input); }

  std::vector<explain::Forecast> Expect(const explain::MethodInput& input) const override {
    return {{.rows = Reduction::MostRows(limits_, input)}};
  }

  absl::StatusOr<explain::FoldStep> Fold(const explain::MethodInput& input, const engine::RowResult& base,
                                         std::span<const engine::RowResult> rows) override {
    if (!reduction_.has_value()) reduction_.emplace(limits_, input, base.prediction);
    explain::FoldStep step = {.more_rows = reduction_->Advance(input, rows)};
    if (step.more_rows.empty()) step.scores = reduction_->Result(input);
    return step;
  }

 private:
  const EditLimits limits_;
  std::optional<Reduction> reduction_;
};

const Registration kRegistration(v1::Method::kInputReduction, [](const v1::Method& method) {
  return InputReduction::Create(method.input_reduction());
});

}  // namespace
}  // namespace limpid::methods
