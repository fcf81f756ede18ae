#include "engine/pass/encoder_weights.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/aminmax.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/sum.h>
#include <ATen/ops/zeros.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <tuple>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "base/status_macros.h"

namespace limpid::engine {
namespace {

// Reads named weights of one architecture out of a file, with their shapes checked.
class Loader {
 public:
  Loader(const Architecture& architecture, std::shared_ptr<const SafetensorsFile> file, at::Device device)
      : architecture_(architecture), file_(std::move(file)), device_(device) {
    // A bare encoder is stored without the prefix; a classifier's checkpoint may have been made either way.
    const std::string probe = absl::StrCat(architecture.names.word_embeddings, ".weight");
    prefix_ = file_->Find(probe) != nullptr ? "" : architecture.names.prefix;
  }

  absl::StatusOr<at::Tensor> Encoder(const std::string& name, std::vector<int64_t> shape) {
    return Read(prefix_ + name, std::move(shape));
  }

  absl::StatusOr<LinearWeights> Linear(const std::string& name, int64_t out, int64_t in) {
    return LinearAt(prefix_ + name, out, in);
  }

  absl::StatusOr<LinearWeights> LinearAt(const std::string& name, int64_t out, int64_t in) {
    LinearWeights weights;
    ABSL_ASSIGN_OR_RETURN(weights.weight, Read(name + ".weight", {out, in}));
    ABSL_ASSIGN_OR_RETURN(weights.bias, Read(name + ".bias", {out}));
    return weights;
  }

  absl::StatusOr<LayerNormWeights> LayerNorm(const std::string& name, int64_t width) {
    const std::string full = prefix_ + name;
    // Checkpoints converted from TensorFlow say gamma and beta.
    const bool old_names = file_->Find(full + ".gamma") != nullptr;
    LayerNormWeights weights;
    weights.eps = architecture_.layer_norm_eps;
    ABSL_ASSIGN_OR_RETURN(weights.weight, Read(full + (old_names ? ".gamma" : ".weight"), {width}));
    ABSL_ASSIGN_OR_RETURN(weights.bias, Read(full + (old_names ? ".beta" : ".bias"), {width}));
    return weights;
  }

  int64_t num_parameters() const { return num_parameters_; }

 private:
  absl::StatusOr<at::Tensor> Read(const std::string& name, std::vector<int64_t> shape) {
    const StoredTensor* stored = file_->Find(name);
    if (stored == nullptr) {
      return absl::InvalidArgumentError(absl::StrCat("model.safetensors: tensor '", name, "' is missing"));
    }
    if (stored->shape != shape) {
      return absl::InvalidArgumentError(absl::StrCat("model.safetensors: tensor '", name, "' has shape [",
                                                     absl::StrJoin(stored->shape, ", "), "], expected [",
                                                     absl::StrJoin(shape, ", "), "]"));
    }
    const at::ScalarType type = stored->dtype == DType::kF32   ? at::kFloat
                                : stored->dtype == DType::kF16 ? at::kHalf
                                                               : at::kBFloat16;
    // A view, which keeps the file; a copy where device or type are others, or where the file has it out of step.
    void* data = const_cast<std::byte*>(stored->bytes.data());
    at::Tensor tensor = at::from_blob(data, shape, [file = file_](void* /*data*/) {}, at::TensorOptions(type));
    num_parameters_ += tensor.numel();
    const bool is_aligned = reinterpret_cast<uintptr_t>(data) % alignof(float) == 0;
    tensor = tensor.to(device_, at::kFloat, /*non_blocking=*/false, /*copy=*/!is_aligned);
    // A sum of finite floats may overflow, a range cannot.
    const auto [least, greatest] = at::aminmax(tensor);
    if (!std::isfinite(least.item<float>()) || !std::isfinite(greatest.item<float>())) {
      return absl::InvalidArgumentError(
          absl::StrCat("model.safetensors: tensor '", name, "' holds a value that is not a finite number"));
    }
    return tensor;
  }

  const Architecture& architecture_;
  const std::shared_ptr<const SafetensorsFile> file_;
  const at::Device device_;
  std::string prefix_;
  int64_t num_parameters_ = 0;
};

// In double, a block at a time: all rows in double would be twice the table's memory.
at::Tensor MeanRow(const at::Tensor& table) {
  constexpr int64_t kBlock = 1024;
  at::Tensor sum = at::zeros({table.size(1)}, table.options().dtype(at::kDouble));
  for (int64_t row = 0; row < table.size(0); row += kBlock) {
    sum += table.narrow(0, row, std::min(kBlock, table.size(0) - row)).sum(0, /*keepdim=*/false, at::kDouble);
  }
  return (sum / table.size(0)).to(at::kFloat);
}

// One tall product instead of three.
LinearWeights Stack(const LinearWeights& query, const LinearWeights& key, const LinearWeights& value) {
  return {at::cat({query.weight, key.weight, value.weight}), at::cat({query.bias, key.bias, value.bias})};
}

absl::StatusOr<LayerWeights> LoadLayer(const Architecture& a, int64_t index, Loader* loader) {
  const int64_t hidden = a.hidden_size;
  const auto name = [index](const std::string& pattern) {
    return absl::StrReplaceAll(pattern, {{"{}", absl::StrCat(index)}});
  };
  LayerWeights layer;
  ABSL_ASSIGN_OR_RETURN(const auto query, loader->Linear(name(a.names.query), hidden, hidden));
  ABSL_ASSIGN_OR_RETURN(const auto key, loader->Linear(name(a.names.key), hidden, hidden));
  ABSL_ASSIGN_OR_RETURN(const auto value, loader->Linear(name(a.names.value), hidden, hidden));
  layer.qkv = Stack(query, key, value);
  ABSL_ASSIGN_OR_RETURN(layer.attention_output, loader->Linear(name(a.names.attention_output), hidden, hidden));
  ABSL_ASSIGN_OR_RETURN(layer.attention_norm, loader->LayerNorm(name(a.names.attention_norm), hidden));
  ABSL_ASSIGN_OR_RETURN(layer.mlp_up, loader->Linear(name(a.names.mlp_up), a.intermediate_size, hidden));
  ABSL_ASSIGN_OR_RETURN(layer.mlp_down, loader->Linear(name(a.names.mlp_down), hidden, a.intermediate_size));
  ABSL_ASSIGN_OR_RETURN(layer.mlp_norm, loader->LayerNorm(name(a.names.mlp_norm), hidden));
  return layer;
}

}  // namespace

absl::StatusOr<EncoderWeights> LoadEncoderWeights(const Architecture& a, std::shared_ptr<const SafetensorsFile> file,
                                                  at::Device device) {
  Loader loader(a, std::move(file), device);
  EncoderWeights weights;
  ABSL_ASSIGN_OR_RETURN(weights.word_embeddings,
                        loader.Encoder(a.names.word_embeddings + ".weight", {a.vocab_size, a.embedding_size}));
  weights.mean_word_embedding = MeanRow(weights.word_embeddings);
  ABSL_ASSIGN_OR_RETURN(const at::Tensor positions, loader.Encoder(a.names.position_embeddings + ".weight",
                                                                   {a.max_position_embeddings, a.embedding_size}));
  weights.position_embeddings = positions.narrow(0, a.first_position, a.max_tokens());
  if (!a.names.token_type_embeddings.empty()) {
    ABSL_ASSIGN_OR_RETURN(weights.token_type_embeddings, loader.Encoder(a.names.token_type_embeddings + ".weight",
                                                                        {a.type_vocab_size, a.embedding_size}));
  }
  ABSL_ASSIGN_OR_RETURN(weights.embedding_norm, loader.LayerNorm(a.names.embedding_norm, a.embedding_size));
  if (!a.names.embedding_projection.empty()) {
    ABSL_ASSIGN_OR_RETURN(weights.embedding_projection,
                          loader.Linear(a.names.embedding_projection, a.hidden_size, a.embedding_size));
  }
  const bool are_one = !absl::StrContains(a.names.query, "{}");
  for (int64_t i = 0; i < a.num_hidden_layers; ++i) {
    if (are_one && i > 0) {
      weights.layers.push_back(weights.layers.front());
      continue;
    }
    ABSL_ASSIGN_OR_RETURN(LayerWeights layer, LoadLayer(a, i, &loader));
    weights.layers.push_back(std::move(layer));
  }
  if (a.head == Head::kClassifier) {
    const auto num_classes = static_cast<int64_t>(a.labels.size());
    ABSL_ASSIGN_OR_RETURN(weights.head_dense, a.names.pooler.empty()
                                                  ? loader.LinearAt(a.names.head_dense, a.hidden_size, a.hidden_size)
                                                  : loader.Linear(a.names.pooler, a.hidden_size, a.hidden_size));
    ABSL_ASSIGN_OR_RETURN(weights.classifier, loader.LinearAt(a.names.classifier, num_classes, a.hidden_size));
  }
  weights.num_parameters = loader.num_parameters();
  return weights;
}

}  // namespace limpid::engine
