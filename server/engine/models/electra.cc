#include <string>

#include "base/status_macros.h"
#include "engine/models/architecture.h"
#include "engine/models/encoder_fields.h"

namespace limpid::engine {

// `summary_type` and its like are for multiple choice, which is another head.
absl::StatusOr<Architecture> DescribeElectra(const std::string& name, const ConfigJson& config) {
  ABSL_ASSIGN_OR_RETURN(Architecture a, ReadEncoder(name, config));
  ABSL_ASSIGN_OR_RETURN(a.embedding_size, config.Int("embedding_size", 1, kMaxExtent, 128));
  a.head_activation = Activation::kGelu;
  a.names = BertNames("electra.");
  if (a.embedding_size != a.hidden_size) a.names.embedding_projection = "embeddings_project";
  a.names.head_dense = "classifier.dense";
  a.names.classifier = "classifier.out_proj";
  SetTokenHead(&a);
  SetMaskedHead(Activation::kGelu, "generator_predictions.dense", "generator_predictions.LayerNorm",
                "generator_lm_head.bias", &a);
  return a;
}

}  // namespace limpid::engine
