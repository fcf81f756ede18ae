#include "base/reason.h"
#include "base/status_macros.h"
#include "explain/method.h"
#include "explain/tensors.h"
#include "methods/lib/options.h"
#include "methods/lib/reduce.h"
#include "methods/registry.h"

namespace limpid::methods {
namespace {

using engine::AttachPoint;
using engine::BackwardRule;

absl::StatusOr<BackwardRule> ReadRule(v1::Lrp::Rule rule) {
  switch (rule) {
    case v1::Lrp::RULE_UNSPECIFIED:
    case v1::Lrp::RULE_ATTN_LRP:
      return BackwardRule::kAttnLrp;
    case v1::Lrp::RULE_CP_LRP:
      return BackwardRule::kCpLrp;
    default:
      return UnknownValue("rule", rule);
  }
}

// The rules start from a number that is linear in what the model's last layer gives. A cosine does not see the length
// of an embedding, so its relevance would sum to 0; a probability is no such number either.
absl::Status CheckTarget(const engine::Target& target) {
  using Kind = engine::Target::Kind;
  const bool is_class = target.kind == Kind::kClass || target.kind == Kind::kContrast || target.kind == Kind::kAnswer;
  const bool is_logit = is_class && target.score == engine::Score::kLogit;
  if (is_logit || target.kind == Kind::kMeanOutput) return absl::OkStatus();
  return absl::InvalidArgumentError(
      "target: relevance is of a logit, of a contrast of logits or of the mean output, not of a probability or a "
      "cosine");
}

// sum_d x_d * g~_d, with g~ a backward pass by the rules of relevance propagation (Achtibat et al. 2024; Ali et al.
// 2022): a row of its own, for the base row's gradient is another.
class Lrp final : public explain::Method {
 public:
  static absl::StatusOr<std::unique_ptr<Method>> Create(const v1::Lrp& options) {
    ABSL_ASSIGN_OR_RETURN(const BackwardRule rule, ReadRule(options.rule()));
    ABSL_ASSIGN_OR_RETURN(const AttachPoint attach_point, ReadAttachPoint(options.attach_point()));
    return std::make_unique<Lrp>(rule, attach_point);
  }

  Lrp(BackwardRule rule, AttachPoint attach_point) : rule_(rule), attach_point_(attach_point) {}

  absl::Status Check(const explain::MethodInput& input) const override {
    if (!input.model.has_lrp) {
      return base::WithReason(
          absl::UnimplementedError("rule: relevance propagation is not built in: the build option LIMPID_LRP is off by "
                                   "default, for the authors of its reference claim a patent"),
          base::Reason::kFeatureDisabled);
    }
    return CheckTarget(input.base_row.target);
  }

  std::vector<explain::Forecast> Expect(const explain::MethodInput&) const override {
    return {{.rows = 1, .wanted = Wants()}};
  }

  absl::StatusOr<explain::FoldStep> Fold(const explain::MethodInput& input, const engine::RowResult& base,
                                         std::span<const engine::RowResult> rows) override {
    explain::FoldStep step;
    if (rows.empty()) {
      engine::Row& row = step.more_rows.emplace_back(explain::FrozenRow(input, base.prediction));
      row.wanted = Wants();
      row.backward_rule = rule_;
      return step;
    }
    step.scores.card.attach_point = attach_point_;
    step.scores.card.reduction = explain::Reduction::kSum;
    step.scores.card.is_signed = true;
    step.scores.card.form = rule_ == BackwardRule::kAttnLrp ? "attn-lrp" : "cp-lrp";
    step.scores.scores = GradientXInputScores(rows.front(), attach_point_);
    return step;
  }

 private:
  engine::Wanted Wants() const {
    engine::Wanted wanted;
    wanted.gradient_at[static_cast<size_t>(attach_point_)] = true;
    return wanted;
  }

  const BackwardRule rule_;
  const AttachPoint attach_point_;
};

const Registration kRegistration(v1::Method::kLrp, [](const v1::Method& method) { return Lrp::Create(method.lrp()); });

}  // namespace
}  // namespace limpid::methods
