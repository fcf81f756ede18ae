#include <cstdint>
#include <string>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "engine/models/architecture.h"
#include "engine/models/encoder_fields.h"

namespace limpid::engine {

// Positions count from pad_token_id + 1, in the order of the tokens. Transformers gives a pad token among the ids the
// row pad_token_id of the position table and does not count it, but only where it sees ids; where it is given
// embeddings or position_ids it counts as is done here. So a pad token that stands in for another one, in a baseline or
// an occlusion, keeps that one's place.
absl::StatusOr<Architecture> DescribeRoberta(const std::string& name, const ConfigJson& config) {
  ABSL_ASSIGN_OR_RETURN(Architecture a, ReadEncoder(name, config));
  ABSL_ASSIGN_OR_RETURN(const int64_t pad_token_id, config.Int("pad_token_id", 0, kMaxExtent, 1));
  a.first_position = pad_token_id + 1;
  if (a.max_tokens() < 1) {
    return config.Error("max_position_embeddings",
                        absl::StrCat("must be above ", a.first_position, ", the position of the first token"));
  }
  a.names = BertNames("roberta.");
  a.names.head_dense = "classifier.dense";
  a.names.classifier = "classifier.out_proj";
  SetTokenHead(&a);
  SetMaskedHead(Activation::kGelu, "lm_head.dense", "lm_head.layer_norm", "lm_head.bias", &a);
  return a;
}

}  // namespace limpid::engine
