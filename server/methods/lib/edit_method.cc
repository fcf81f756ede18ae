#include "methods/lib/edit_method.h"

#include <optional>
#include <span>
#include <utility>
#include <vector>

namespace limpid::methods {
namespace {

class EditMethod final : public explain::Method {
 public:
  explicit EditMethod(EditOptions options) : options_(std::move(options)) {}

  absl::Status Check(const explain::MethodInput& input) const override { return CheckSearch(options_.limits, input); }

  std::vector<explain::Forecast> Expect(const explain::MethodInput& input) const override {
    return EditSearch::Expect(options_, input);
  }

  absl::StatusOr<explain::FoldStep> Fold(const explain::MethodInput& input, const engine::RowResult& base,
                                         std::span<const engine::RowResult> rows) override {
    if (!search_.has_value()) search_.emplace(options_, input, base.prediction);
    explain::FoldStep step = {.more_rows = search_->Advance(input, rows)};
    if (step.more_rows.empty()) step.scores = search_->Result(input);
    return step;
  }

 private:
  const EditOptions options_;
  std::optional<EditSearch> search_;
};

}  // namespace

std::unique_ptr<explain::Method> MakeEditMethod(EditOptions options) {
  return std::make_unique<EditMethod>(std::move(options));
}

}  // namespace limpid::methods
