// Bytes as a config.json: refused with words, or an architecture whose numbers an engine can be built from.
#include <cstdint>
#include <string>

#include "engine/models/models.h"
#include "engine/weights/config_json.h"
#include "fuzz/check.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto config =
      limpid::engine::ConfigJson::Parse("config.json", std::string(reinterpret_cast<const char*>(data), size));
  if (!config.ok()) return 0;
  const auto model = limpid::engine::DescribeModel(*config);
  if (!model.ok()) {
    FUZZ_CHECK(!model.status().message().empty());
    return 0;
  }
  for (int64_t extent :
       {model->vocab_size, model->max_position_embeddings, model->max_tokens(), model->embedding_size,
        model->hidden_size, model->num_hidden_layers, model->num_attention_heads, model->intermediate_size}) {
    FUZZ_CHECK(extent > 0 && extent <= (int64_t{1} << 31));
  }
  FUZZ_CHECK(model->type_vocab_size >= 0 && (model->type_vocab_size > 0 || model->names.token_type_embeddings.empty()));
  FUZZ_CHECK(model->head_size > 0 && model->num_attention_heads % model->num_key_value_heads == 0);
  FUZZ_CHECK(model->windows.empty() || model->windows.size() == static_cast<size_t>(model->num_hidden_layers));
  if (model->rotary.has_value()) {
    FUZZ_CHECK(2 * model->rotary->inverse_frequencies.size() <= static_cast<size_t>(model->head_size));
  }
  FUZZ_CHECK(model->norm_eps > 0);
  return 0;
}
