#include "engine/pass/model_weights.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/aminmax.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/ceil.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/log.h>
#include <ATen/ops/scalar_tensor.h>
#include <ATen/ops/sum.h>
#include <ATen/ops/where.h>
#include <ATen/ops/zeros.h>
#include <ATen/ops/zeros_like.h>

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
  Loader(const Architecture& architecture, std::shared_ptr<const Checkpoint> file, at::Device device)
      : architecture_(architecture), file_(std::move(file)), device_(device) {
    // A bare model is stored without the prefix; the checkpoint of one with a head may have been made either way.
    const std::string probe = absl::StrCat(architecture.names.word_embeddings, ".weight");
    prefix_ = file_->Find(probe) != nullptr ? "" : architecture.names.prefix;
  }

  absl::StatusOr<at::Tensor> Bare(const std::string& name, std::vector<int64_t> shape) {
    return Read(prefix_ + name, std::move(shape));
  }

  absl::StatusOr<LinearWeights> Linear(const std::string& name, int64_t out, int64_t in, bool has_bias = true) {
    return LinearAt(prefix_ + name, out, in, has_bias);
  }

  absl::StatusOr<LinearWeights> LinearAt(const std::string& name, int64_t out, int64_t in, bool has_bias = true) {
    LinearWeights weights;
    ABSL_ASSIGN_OR_RETURN(weights.weight, Read(name + ".weight", {out, in}));
    if (!has_bias) return weights;
    ABSL_ASSIGN_OR_RETURN(weights.bias, Read(name + ".bias", {out}));
    return weights;
  }

  // As the architecture stores its layers'; seen as [out, in] in either case.
  absl::StatusOr<LinearWeights> LayerLinear(const std::string& name, int64_t out, int64_t in, bool has_bias) {
    if (!architecture_.has_transposed_weights) return Linear(name, out, in, has_bias);
    LinearWeights weights;
    ABSL_ASSIGN_OR_RETURN(weights.weight, Bare(name + ".weight", {in, out}));
    weights.weight = weights.weight.t();
    if (!has_bias) return weights;
    ABSL_ASSIGN_OR_RETURN(weights.bias, Bare(name + ".bias", {out}));
    return weights;
  }

  absl::StatusOr<at::Tensor> At(const std::string& name, std::vector<int64_t> shape) {
    return Read(name, std::move(shape));
  }

  // Nothing for an empty name, as the next.
  absl::StatusOr<NormWeights> Norm(const std::string& name, int64_t width) {
    return NormAt(name.empty() ? name : prefix_ + name, width);
  }

  absl::StatusOr<NormWeights> NormAt(const std::string& full, int64_t width) {
    NormWeights weights;
    if (full.empty()) return weights;
    // Checkpoints converted from TensorFlow say gamma and beta.
    const bool old_names = file_->Find(full + ".gamma") != nullptr;
    weights.kind = architecture_.norm;
    weights.eps = architecture_.norm_eps;
    ABSL_ASSIGN_OR_RETURN(weights.weight, Read(full + (old_names ? ".gamma" : ".weight"), {width}));
    if (weights.kind == NormKind::kRmsNorm) return weights;
    if (!architecture_.biases.norm) {
      weights.bias = at::zeros_like(weights.weight);
      return weights;
    }
    ABSL_ASSIGN_OR_RETURN(weights.bias, Read(full + (old_names ? ".beta" : ".bias"), {width}));
    return weights;
  }

  int64_t num_parameters() const { return num_parameters_; }

 private:
  absl::StatusOr<at::Tensor> Read(const std::string& name, std::vector<int64_t> shape) {
    const StoredTensor* stored = file_->Find(name);
    if (stored == nullptr) {
      return absl::InvalidArgumentError(absl::StrCat("weights: tensor '", name, "' is missing"));
    }
    if (stored->shape != shape) {
      return absl::InvalidArgumentError(absl::StrCat("weights: tensor '", name, "' has shape [",
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
          absl::StrCat("weights: tensor '", name, "' holds a value that is not a finite number"));
    }
    return tensor;
  }

  const Architecture& architecture_;
  const std::shared_ptr<const Checkpoint> file_;
  const at::Device device_;
  std::string prefix_;
  int64_t num_parameters_ = 0;
};

// Of the weights of one layer.
class LayerNames {
 public:
  explicit LayerNames(int64_t index) : index_(absl::StrCat(index)) {}
  std::string operator()(const std::string& pattern) const { return absl::StrReplaceAll(pattern, {{"{}", index_}}); }

 private:
  const std::string index_;
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

// One tall product instead of several.
LinearWeights Stack(const std::vector<LinearWeights>& parts) {
  std::vector<at::Tensor> weights, biases;
  for (const LinearWeights& part : parts) {
    weights.push_back(part.weight);
    if (part.bias.defined()) biases.push_back(part.bias);
  }
  return {at::cat(weights), biases.empty() ? at::Tensor() : at::cat(biases)};
}

absl::StatusOr<LinearWeights> LoadQueryKeyValue(const Architecture& a, const LayerNames& name, Loader* loader) {
  const bool has_bias = a.biases.query_key_value;
  if (!a.names.query_key_value.empty()) {
    return loader->LayerLinear(name(a.names.query_key_value), a.query_key_value_size(), a.hidden_size, has_bias);
  }
  const int64_t shared = a.num_key_value_heads * a.head_size;
  ABSL_ASSIGN_OR_RETURN(auto query,
                        loader->LayerLinear(name(a.names.query), a.attention_size(), a.hidden_size, has_bias));
  ABSL_ASSIGN_OR_RETURN(auto key, loader->LayerLinear(name(a.names.key), shared, a.hidden_size, has_bias));
  ABSL_ASSIGN_OR_RETURN(auto value, loader->LayerLinear(name(a.names.value), shared, a.hidden_size, has_bias));
  return Stack({std::move(query), std::move(key), std::move(value)});
}

absl::StatusOr<LinearWeights> LoadUp(const Architecture& a, const LayerNames& name, Loader* loader) {
  if (!a.names.mlp_gate_up.empty()) {
    return loader->LayerLinear(name(a.names.mlp_gate_up), 2 * a.intermediate_size, a.hidden_size, a.biases.mlp);
  }
  ABSL_ASSIGN_OR_RETURN(auto up,
                        loader->LayerLinear(name(a.names.mlp_up), a.intermediate_size, a.hidden_size, a.biases.mlp));
  if (a.names.mlp_gate.empty()) return up;
  ABSL_ASSIGN_OR_RETURN(auto gate,
                        loader->LayerLinear(name(a.names.mlp_gate), a.intermediate_size, a.hidden_size, a.biases.mlp));
  return Stack({std::move(gate), std::move(up)});
}

// `embeddings`: of relative positions, [rows, hidden]. Projected once, as they are the same for every text.
absl::Status LoadPositionProjections(const Architecture& a, const LayerNames& name, const at::Tensor& embeddings,
                                     Loader* loader, LayerWeights* layer) {
  const int64_t width = a.attention_size();
  // Where they have no projection of their own, that of the queries or keys.
  const auto project = [&](const std::string& own, int64_t shared_from) -> absl::StatusOr<at::Tensor> {
    LinearWeights weights = {layer->qkv.weight.narrow(0, shared_from, width),
                             layer->qkv.bias.narrow(0, shared_from, width)};
    if (!own.empty()) {
      ABSL_ASSIGN_OR_RETURN(weights, loader->Linear(name(own), width, a.hidden_size));
    }
    const at::Tensor projected = LinearForward(weights, embeddings);
    return projected.unflatten(1, {a.num_attention_heads, a.head_size}).transpose(0, 1).contiguous();
  };
  if (a.disentangled->content_to_position) {
    ABSL_ASSIGN_OR_RETURN(layer->position_keys, project(a.names.position_key, width));
  }
  if (a.disentangled->position_to_content) {
    ABSL_ASSIGN_OR_RETURN(layer->position_queries, project(a.names.position_query, 0));
  }
  return absl::OkStatus();
}

absl::StatusOr<LayerWeights> LoadLayer(const Architecture& a, int64_t index, const at::Tensor& relative_embeddings,
                                       Loader* loader) {
  const LayerNames name(index);
  LayerWeights layer;
  ABSL_ASSIGN_OR_RETURN(layer.qkv, LoadQueryKeyValue(a, name, loader));
  if (a.disentangled.has_value()) {
    ABSL_RETURN_IF_ERROR(LoadPositionProjections(a, name, relative_embeddings, loader, &layer));
  }
  ABSL_ASSIGN_OR_RETURN(layer.query_norm, loader->Norm(name(a.names.query_norm), a.head_size));
  ABSL_ASSIGN_OR_RETURN(layer.key_norm, loader->Norm(name(a.names.key_norm), a.head_size));
  ABSL_ASSIGN_OR_RETURN(layer.attention_output, loader->LayerLinear(name(a.names.attention_output), a.hidden_size,
                                                                    a.attention_size(), a.biases.attention_output));
  if (index > 0 || !a.skips_first_norm) {
    ABSL_ASSIGN_OR_RETURN(layer.attention_norm, loader->Norm(name(a.names.attention_norm), a.hidden_size));
  }
  ABSL_ASSIGN_OR_RETURN(layer.mlp_up, LoadUp(a, name, loader));
  ABSL_ASSIGN_OR_RETURN(layer.mlp_down,
                        loader->LayerLinear(name(a.names.mlp_down), a.hidden_size, a.intermediate_size, a.biases.mlp));
  ABSL_ASSIGN_OR_RETURN(layer.mlp_norm, loader->Norm(name(a.names.mlp_norm), a.hidden_size));
  return layer;
}

// The bucket of each difference of two positions, [2 * max_tokens - 1], in the arithmetic of Transformers: half of the
// 32 buckets for keys behind the query; in each half the near ones have one each, the far ones share by the logarithm
// of their distance up to 128 (Raffel et al. 2020).
at::Tensor RelativeBuckets(int64_t max_tokens) {
  constexpr double kFarthest = 128;
  constexpr int64_t half = 16, near = half / 2;
  const at::Tensor behind = at::arange(1 - max_tokens, max_tokens, at::kLong);
  const at::Tensor distance = behind.abs();
  const double octaves = std::log(kFarthest / static_cast<double>(near));
  const at::Tensor far = (at::log(distance.to(at::kFloat) / near) / octaves * (half - near)).to(at::kLong) + near;
  return (behind > 0).to(at::kLong) * half + at::where(distance < near, distance, far.clamp_max(half - 1));
}

// The row of each difference of two positions, [2 * max_tokens - 1], in the arithmetic of Transformers.
at::Tensor DisentangledRows(const Disentangled& d, int64_t max_tokens) {
  const at::Tensor differences = at::arange(1 - max_tokens, max_tokens, at::kLong);
  at::Tensor buckets = differences;
  if (d.log_until > 0) {
    const int64_t near = d.span / 2;
    const at::Tensor distance = differences.abs();
    const at::Tensor most = at::scalar_tensor(static_cast<double>(d.log_until) / static_cast<double>(near), at::kFloat);
    const at::Tensor far = at::ceil(at::log(distance.to(at::kFloat) / near) / at::log(most) * (near - 1)) + near;
    buckets = at::where(distance <= near, differences.to(at::kFloat), far * differences.sign()).to(at::kLong);
  }
  return (d.span - buckets).clamp_(0, 2 * d.span - 1);
}

absl::StatusOr<at::Tensor> LoadRelativeEmbeddings(const Architecture& a, Loader* loader) {
  if (!a.disentangled.has_value()) return at::Tensor();
  ABSL_ASSIGN_OR_RETURN(const at::Tensor embeddings, loader->Bare(a.names.relative_embeddings + ".weight",
                                                                  {2 * a.disentangled->span, a.hidden_size}));
  ABSL_ASSIGN_OR_RETURN(const NormWeights norm, loader->Norm(a.names.relative_norm, a.hidden_size));
  return norm.weight.defined() ? NormForward(norm, embeddings, nullptr) : embeddings;
}

absl::Status LoadEmbeddings(const Architecture& a, Loader* loader, ModelWeights* weights) {
  ABSL_ASSIGN_OR_RETURN(weights->word_embeddings,
                        loader->Bare(a.names.word_embeddings + ".weight", {a.vocab_size, a.embedding_size}));
  weights->mean_word_embedding = MeanRow(weights->word_embeddings);
  if (!a.names.position_embeddings.empty()) {
    ABSL_ASSIGN_OR_RETURN(const at::Tensor positions, loader->Bare(a.names.position_embeddings + ".weight",
                                                                   {a.max_position_embeddings, a.embedding_size}));
    weights->position_embeddings = positions.narrow(0, a.first_position, a.max_tokens());
  }
  if (!a.names.relative_bias.empty()) {
    ABSL_ASSIGN_OR_RETURN(const at::Tensor biases, loader->Bare(a.names.relative_bias + ".weight",
                                                                {a.num_relative_buckets, a.num_attention_heads}));
    const at::Tensor buckets = RelativeBuckets(a.max_tokens()).to(biases.device());
    weights->relative_bias = biases.index_select(0, buckets).t().contiguous();
  }
  if (!a.names.token_type_embeddings.empty()) {
    ABSL_ASSIGN_OR_RETURN(weights->token_type_embeddings, loader->Bare(a.names.token_type_embeddings + ".weight",
                                                                       {a.type_vocab_size, a.embedding_size}));
  }
  ABSL_ASSIGN_OR_RETURN(weights->embedding_norm, loader->Norm(a.names.embedding_norm, a.embedding_size));
  if (!a.names.embedding_projection.empty()) {
    ABSL_ASSIGN_OR_RETURN(weights->embedding_projection,
                          loader->Linear(a.names.embedding_projection, a.hidden_size, a.embedding_size));
  }
  return absl::OkStatus();
}

absl::Status LoadHead(const Architecture& a, Loader* loader, ModelWeights* weights) {
  if (a.head == Head::kNone) return absl::OkStatus();
  if (!a.names.pooler.empty()) {
    ABSL_ASSIGN_OR_RETURN(weights->head_dense, loader->Linear(a.names.pooler, a.hidden_size, a.hidden_size));
  } else if (!a.names.head_dense.empty()) {
    ABSL_ASSIGN_OR_RETURN(weights->head_dense, loader->LinearAt(a.names.head_dense, a.classifier_size(), a.hidden_size,
                                                                a.biases.head_dense));
  }
  ABSL_ASSIGN_OR_RETURN(weights->head_norm, loader->NormAt(a.names.head_norm, a.classifier_size()));
  if (a.names.classifier.empty()) {
    weights->classifier.weight = weights->word_embeddings;
    if (a.names.classifier_bias.empty()) return absl::OkStatus();
    ABSL_ASSIGN_OR_RETURN(weights->classifier.bias, loader->At(a.names.classifier_bias, {a.vocab_size}));
    return absl::OkStatus();
  }
  ABSL_ASSIGN_OR_RETURN(weights->classifier,
                        loader->LinearAt(a.names.classifier, a.num_classes(), a.hidden_size, a.biases.classifier));
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<ModelWeights> LoadModelWeights(const Architecture& a, std::shared_ptr<const Checkpoint> file,
                                              at::Device device) {
  Loader loader(a, std::move(file), device);
  ModelWeights weights;
  ABSL_RETURN_IF_ERROR(LoadEmbeddings(a, &loader, &weights));
  ABSL_ASSIGN_OR_RETURN(const at::Tensor relative_embeddings, LoadRelativeEmbeddings(a, &loader));
  if (a.disentangled.has_value()) weights.relative_rows = DisentangledRows(*a.disentangled, a.max_tokens());
  const bool are_one = !absl::StrContains(a.names.attention_output, "{}");
  for (int64_t i = 0; i < a.num_hidden_layers; ++i) {
    if (are_one && i > 0) {
      weights.layers.push_back(weights.layers.front());
      continue;
    }
    ABSL_ASSIGN_OR_RETURN(LayerWeights layer, LoadLayer(a, i, relative_embeddings, &loader));
    weights.layers.push_back(std::move(layer));
  }
  ABSL_ASSIGN_OR_RETURN(weights.final_norm, loader.Norm(a.names.final_norm, a.hidden_size));
  ABSL_RETURN_IF_ERROR(LoadHead(a, &loader, &weights));
  weights.num_parameters = loader.num_parameters();
  return weights;
}

}  // namespace limpid::engine
