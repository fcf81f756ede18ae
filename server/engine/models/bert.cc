#include <string>

#include "base/status_macros.h"
#include "engine/models/architecture.h"
#include "engine/models/encoder_fields.h"

namespace limpid::engine {

absl::StatusOr<Architecture> DescribeBert(const std::string& name, const ConfigJson& config) {
  ABSL_ASSIGN_OR_RETURN(Architecture a, ReadEncoder(name, config));
  a.names = BertNames("bert.");
  a.names.pooler = "pooler.dense";
  SetTokenHead(&a);
  SetMaskedHead(a.activation, "cls.predictions.transform.dense", "cls.predictions.transform.LayerNorm",
                "cls.predictions.bias", &a);
  return a;
}

}  // namespace limpid::engine
