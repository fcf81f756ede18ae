#include "engine/pass/backward_rules.h"

#include "engine/pass/lrp.h"

namespace limpid::engine {
namespace {

constexpr BackwardRules kGradientRules = {
    .activated_linear_forward = ActivatedLinearForward,
    .gated_linear_forward = GatedLinearForward,
    .add_norm_vjp = AddNormVjp,
    .adjust_attention = [](at::Tensor*, int64_t) {},
};

}  // namespace

#ifdef LIMPID_LRP
bool HasLrp() { return true; }

const BackwardRules& RulesOf(BackwardRule rule) {
  return rule == BackwardRule::kGradient ? kGradientRules : LrpRulesOf(rule);
}
#else
bool HasLrp() { return false; }

const BackwardRules& RulesOf(BackwardRule) { return kGradientRules; }
#endif

}  // namespace limpid::engine
