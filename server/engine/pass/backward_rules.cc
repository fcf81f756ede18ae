#include "engine/pass/backward_rules.h"

#include "engine/pass/lrp.h"

namespace limpid::engine {
namespace {

constexpr BackwardRules kGradientRules = {
    .activated_linear_forward = ActivatedLinearForward,
    .add_layer_norm_vjp = AddLayerNormVjp,
    .adjust_attention = [](at::Tensor*) {},
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
