#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "base/status_macros.h"
#include "engine/models/architecture.h"
#include "engine/models/encoder_fields.h"

namespace limpid::engine {
namespace {

// "c2p|p2c", or a list.
absl::StatusOr<std::vector<std::string>> ReadTerms(const ConfigJson& config) {
  const auto list = config.Strings("pos_att_type");
  if (list.ok()) return *list;
  ABSL_ASSIGN_OR_RETURN(const std::string joined, config.String("pos_att_type"));
  std::vector<std::string> terms;
  for (const absl::string_view term : absl::StrSplit(joined, '|')) terms.emplace_back(absl::StripAsciiWhitespace(term));
  return terms;
}

absl::Status ReadDisentangled(const ConfigJson& config, Architecture* a) {
  ABSL_ASSIGN_OR_RETURN(const std::vector<std::string> terms, ReadTerms(config));
  Disentangled d;
  d.content_to_position = absl::c_linear_search(terms, "c2p");
  d.position_to_content = absl::c_linear_search(terms, "p2c");
  const int num_terms = 1 + (d.content_to_position ? 1 : 0) + (d.position_to_content ? 1 : 0);
  a->attention_scale = 1 / std::sqrt(static_cast<double>(a->head_size * num_terms));
  ABSL_ASSIGN_OR_RETURN(const bool is_relative, config.Bool("relative_attention", false));
  if (!is_relative || num_terms == 1) return absl::OkStatus();
  ABSL_ASSIGN_OR_RETURN(int64_t farthest, config.Int("max_relative_positions", -1, kMaxExtent, -1));
  if (farthest < 1) farthest = a->max_position_embeddings;
  ABSL_ASSIGN_OR_RETURN(const int64_t buckets, config.Int("position_buckets", -1, kMaxExtent, -1));
  d.span = buckets > 0 ? buckets : farthest;
  if (buckets > 0) {
    d.log_until = farthest - 1;
    if (buckets < 2 || d.log_until <= buckets / 2) {
      return config.Error("position_buckets", "must be above 1, and half of it below max_relative_positions less 1");
    }
  }
  a->disentangled = d;
  a->names.relative_embeddings = "encoder.rel_embeddings";
  ABSL_ASSIGN_OR_RETURN(const std::string norm, config.String("norm_rel_ebd", "none"));
  if (norm == "layer_norm") {
    a->names.relative_norm = "encoder.LayerNorm";
  } else if (norm != "none") {
    return absl::UnimplementedError(absl::StrCat("norm_rel_ebd '", norm, "' is not supported"));
  }
  ABSL_ASSIGN_OR_RETURN(const bool shares, config.Bool("share_att_key", false));
  if (shares) return absl::OkStatus();
  a->names.position_key = "encoder.layer.{}.attention.self.pos_key_proj";
  a->names.position_query = "encoder.layer.{}.attention.self.pos_query_proj";
  return absl::OkStatus();
}

// What is not as in the models of one width without a convolution.
absl::Status RefuseOthers(const ConfigJson& config, const Architecture& a) {
  ABSL_ASSIGN_OR_RETURN(const int64_t kernel, config.Int("conv_kernel_size", 0, kMaxExtent, 0));
  if (kernel > 0) {
    return absl::UnimplementedError(
        absl::StrCat("conv_kernel_size ", kernel, " is not supported: a convolution behind the first layer"));
  }
  for (const char* field : {"embedding_size", "pooler_hidden_size"}) {
    ABSL_ASSIGN_OR_RETURN(const int64_t size, config.Int(field, 1, kMaxExtent, a.hidden_size));
    if (size == a.hidden_size) continue;
    return absl::UnimplementedError(
        absl::StrCat(field, " ", size, " is not supported; supported is hidden_size ", a.hidden_size));
  }
  ABSL_ASSIGN_OR_RETURN(const int64_t head_size, config.Int("attention_head_size", 1, kMaxExtent, a.head_size));
  if (head_size == a.head_size) return absl::OkStatus();
  return config.Error("attention_head_size", absl::StrCat("must be ", a.head_size));
}

}  // namespace

absl::StatusOr<Architecture> DescribeDeberta(const std::string& name, const ConfigJson& config) {
  constexpr FieldNames kFields = {.type_vocab_size = nullptr, .default_eps = 1e-7};
  ABSL_ASSIGN_OR_RETURN(Architecture a, ReadEncoder(name, config, kFields));
  ABSL_RETURN_IF_ERROR(RefuseOthers(config, a));
  ABSL_ASSIGN_OR_RETURN(a.type_vocab_size, config.Int("type_vocab_size", 0, kMaxExtent, 0));
  ABSL_ASSIGN_OR_RETURN(const bool has_positions, config.Bool("position_biased_input", true));
  a.names = BertNames("deberta.");
  if (a.type_vocab_size == 0) a.names.token_type_embeddings.clear();
  if (!has_positions) a.names.position_embeddings.clear();
  a.names.query = "encoder.layer.{}.attention.self.query_proj";
  a.names.key = "encoder.layer.{}.attention.self.key_proj";
  a.names.value = "encoder.layer.{}.attention.self.value_proj";
  ABSL_RETURN_IF_ERROR(ReadDisentangled(config, &a));
  a.names.head_dense = "pooler.dense";
  ABSL_ASSIGN_OR_RETURN(a.head_activation, ReadActivation(config, "pooler_hidden_act", "gelu"));
  ABSL_ASSIGN_OR_RETURN(const bool is_legacy, config.Bool("legacy", true));
  const std::string head = is_legacy ? "cls.predictions." : "lm_predictions.lm_head.";
  const std::string transform = is_legacy ? head + "transform." : head;
  SetTokenHead(&a);
  SetMaskedHead(a.activation, transform + "dense", transform + "LayerNorm", head + "bias", &a);
  return a;
}

}  // namespace limpid::engine
