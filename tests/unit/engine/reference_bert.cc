#include "unit/engine/reference_bert.h"

#include <ATen/ATen.h>

#include <cmath>

namespace limpid::engine {
namespace {

// x, of which only `share` passes a gradient.
at::Tensor Scaled(const at::Tensor& x, double share) { return share * x + (1 - share) * x.detach(); }

// y = f(z) as z times a constant, f(z) / z.
at::Tensor AsRatio(const at::Tensor& y, const at::Tensor& z, double limit) {
  return z * at::where(z == 0, at::Scalar(limit), y / z).detach();
}

}  // namespace

ReferenceBert::ReferenceBert(const TinyConfig& config, const TinyWeights& weights, at::ScalarType type)
    : gates(at::ones({config.num_hidden_layers, config.num_attention_heads}, type)),
      config_(config),
      weights_(weights),
      type_(type) {}

void ReferenceBert::Run(const Row& row) {
  const auto ids = [](const std::vector<int32_t>& v) { return at::tensor(v, at::kInt).to(at::kLong); };
  const auto altered = [&](AttachPoint at, const at::Tensor& x) { return alter ? alter(at, x) : x; };
  const auto replaced = [&](int64_t place, const at::Tensor& x) {
    return replace_hidden ? replace_hidden(place, x) : x;
  };
  const at::Tensor positions =
      row.positions.empty() ? at::arange(static_cast<int64_t>(row.token_ids.size()), at::kLong) : ids(row.positions);
  attention.clear();
  hidden.clear();
  word = Get("embeddings.word_embeddings.weight").index_select(0, ids(row.token_ids));
  word = altered(AttachPoint::kWordEmbedding, word).requires_grad_();
  sum = word + Get("embeddings.token_type_embeddings.weight").index_select(0, ids(row.type_ids)) +
        Get("embeddings.position_embeddings.weight").index_select(0, positions);
  sum = altered(AttachPoint::kEmbeddingSum, sum);
  output = altered(AttachPoint::kEmbeddingOutput, Norm("embeddings.LayerNorm", sum));
  hidden.push_back(replaced(0, output));
  for (int64_t l = 0; l < config_.num_hidden_layers; ++l) {
    hidden.push_back(replaced(l + 1, Layer(l, hidden.back())));
  }
  last_hidden = hidden.back();
  if (!IsClassifier()) return;
  const at::Tensor dense = Linear(prefix() + "pooler.dense", last_hidden.narrow(0, 0, 1));
  const at::Tensor pooled = IsLrp() ? AsRatio(at::tanh(dense), dense, 1) : at::tanh(dense);
  logits = Linear("classifier", pooled)[0];
}

at::Tensor ReferenceBert::GetFull(const std::string& name) const {
  const TinyTensor& tensor = weights_.at(name);
  return at::tensor(tensor.values, at::kFloat).to(type_).view(tensor.shape);
}

at::Tensor ReferenceBert::Linear(const std::string& name, const at::Tensor& x) const {
  return at::linear(x, GetFull(name + ".weight"), GetFull(name + ".bias"));
}

at::Tensor ReferenceBert::Norm(const std::string& name, const at::Tensor& x) const {
  if (IsLrp()) {
    const at::Tensor deviation = (x.var(-1, /*unbiased=*/false, /*keepdim=*/true) + config_.layer_norm_eps).sqrt();
    return (x - x.mean(-1, true)) / deviation.detach() * Get(name + ".weight") + Get(name + ".bias");
  }
  return at::layer_norm(x, {config_.hidden_size}, Get(name + ".weight"), Get(name + ".bias"), config_.layer_norm_eps);
}

at::Tensor ReferenceBert::Activate(const at::Tensor& x) const {
  const at::Tensor y =
      config_.hidden_act == "relu" ? at::relu(x) : at::gelu(x, config_.hidden_act == "gelu" ? "none" : "tanh");
  return IsLrp() ? AsRatio(y, x, 0.5) : y;
}

at::Tensor ReferenceBert::Layer(int64_t l, const at::Tensor& input) {
  const std::string name = "encoder.layer." + std::to_string(l), full = prefix() + name;
  const int64_t heads = config_.num_attention_heads, size = config_.hidden_size / heads, length = input.size(0);
  const bool is_cp = backward_rule == BackwardRule::kCpLrp;
  const double query_key_share = !IsLrp() ? 1 : is_cp ? 0 : 0.25, value_share = IsLrp() && !is_cp ? 0.5 : 1;
  const auto split = [&](const char* part, double share) {
    const at::Tensor heads_of = Linear(full + ".attention.self." + part, input).view({length, heads, size});
    return Scaled(heads_of.transpose(0, 1), share);
  };
  const at::Tensor query = split("query", query_key_share), key = split("key", query_key_share);
  const at::Tensor scores = at::matmul(query, key.transpose(1, 2)) / std::sqrt(double(size));
  attention.push_back(at::softmax(scores, -1));
  const at::Tensor plain_value = split("value", value_share);
  const at::Tensor value = edit_value ? edit_value(l, plain_value) : plain_value;
  const at::Tensor context = at::matmul(attention.back(), value) * gates[l].view({heads, 1, 1});
  const at::Tensor joined = context.transpose(0, 1).reshape({length, config_.hidden_size});
  const at::Tensor middle =
      Norm(name + ".attention.output.LayerNorm", Linear(full + ".attention.output.dense", joined) + input);
  const at::Tensor up = Activate(Linear(full + ".intermediate.dense", middle));
  return Norm(name + ".output.LayerNorm", Linear(full + ".output.dense", up) + middle);
}

at::Tensor FromHost(const HostTensor& host) {
  return at::tensor(at::ArrayRef<float>(host.values.data(), host.values.size()), at::kFloat).view(host.shape);
}

}  // namespace limpid::engine
