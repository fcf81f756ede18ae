#include "engine/pass/query_key.h"

#include <algorithm>

#include "engine/ops/norm.h"

namespace limpid::engine {
namespace {

struct Heads {
  int64_t begin, count;  // the first one, and how many
};

Heads Queries(const Architecture& a) { return {0, a.num_attention_heads}; }
Heads Keys(const Architecture& a) { return {a.num_attention_heads, a.num_key_value_heads}; }

at::Tensor ColumnsOf(const Architecture& a, const Heads& heads, const at::Tensor& qkv) {
  return qkv.narrow(1, heads.begin * a.head_size, heads.count * a.head_size);
}

void NormHeads(const Architecture& a, const NormWeights& weights, const Heads& heads, at::Tensor* qkv,
               NormSaved* saved) {
  if (!weights.weight.defined()) return;
  const at::Tensor columns = ColumnsOf(a, heads, *qkv);
  const at::Tensor normed = NormForward(weights, columns.reshape({-1, a.head_size}), saved);
  columns.copy_(normed.view(columns.sizes()));
  if (saved == nullptr) return;
  saved->normalized = saved->normalized.view(columns.sizes());
  saved->rstd = saved->rstd.view({columns.size(0), heads.count});
}

void NormHeadsVjp(const Architecture& a, const NormWeights& weights, const BackwardRules& rules, const Heads& heads,
                  const NormSaved& saved, at::Tensor* grad_qkv) {
  if (!weights.weight.defined()) return;
  const at::Tensor columns = ColumnsOf(a, heads, *grad_qkv);
  const NormSaved by_head = {saved.normalized.narrow(0, 0, columns.size(0)).view({-1, a.head_size}),
                             saved.rstd.narrow(0, 0, columns.size(0)).view({-1, 1})};
  const at::Tensor grad = rules.add_norm_vjp(weights, by_head, columns.reshape({-1, a.head_size}), {}, {});
  columns.copy_(grad.view(columns.sizes()));
}

}  // namespace

PositionTerms PositionTermsOf(const Architecture& a, const ModelWeights& weights, const PackedBatch& batch,
                              int64_t num_tokens) {
  const at::Tensor positions = batch.positions.narrow(0, 0, num_tokens);
  PositionTerms terms;
  if (const at::Tensor& host = batch.host_positions; host.defined()) {
    terms.host_positions = {host.const_data_ptr<int64_t>(), static_cast<size_t>(host.numel())};
  }
  if (a.rotary.has_value()) terms.angles = MakeAngles(*a.rotary, positions);
  if (a.window_rotary.has_value()) terms.window_angles = MakeAngles(*a.window_rotary, positions);
  if (weights.relative_bias.defined()) terms.bias = {weights.relative_bias, positions};
  if (weights.relative_rows.defined()) terms.disentangled = {{}, {}, weights.relative_rows, positions};
  if (!positions.is_cpu()) {
    const auto end = std::ranges::upper_bound(batch.cu_seqlens, num_tokens);
    terms.groups = GroupByLength({batch.cu_seqlens.begin(), end}, positions.device(), terms.host_positions);
  }
  return terms;
}

const RotaryAngles& AnglesOf(const Architecture& a, const PositionTerms& terms, size_t layer) {
  return a.window_rotary.has_value() && a.has_window(layer) ? terms.window_angles : terms.angles;
}

AttentionShape AttentionShapeOf(const Architecture& a, const LayerWeights& weights, const PositionTerms& terms,
                                size_t layer, std::span<const int64_t> cu_seqlens) {
  AttentionShape shape = {
      .cu_seqlens = cu_seqlens, .num_heads = a.num_attention_heads, .num_key_value_heads = a.num_key_value_heads};
  shape.mask = {.is_causal = a.is_causal, .window = a.windows.empty() ? 0 : a.windows[layer]};
  shape.positions = terms.host_positions;
  shape.scale = a.attention_scale;
  shape.bias = terms.bias;
  shape.disentangled = terms.disentangled;
  shape.disentangled.keys = weights.position_keys;
  shape.disentangled.queries = weights.position_queries;
  shape.groups = terms.groups;
  return shape;
}

void QueryKeyForward(const Architecture& a, const LayerWeights& weights, const RotaryAngles& angles, at::Tensor* qkv,
                     SavedLayer* saved) {
  NormHeads(a, weights.query_norm, Queries(a), qkv, saved == nullptr ? nullptr : &saved->query_norm);
  NormHeads(a, weights.key_norm, Keys(a), qkv, saved == nullptr ? nullptr : &saved->key_norm);
  if (angles.cosine.defined()) Rotate(angles, a.num_attention_heads + a.num_key_value_heads, a.head_size, qkv);
}

void QueryKeyVjp(const Architecture& a, const LayerWeights& weights, const BackwardRules& rules,
                 const RotaryAngles& angles, const SavedLayer& saved, at::Tensor* grad_qkv) {
  if (angles.cosine.defined()) RotateVjp(angles, a.num_attention_heads + a.num_key_value_heads, a.head_size, grad_qkv);
  NormHeadsVjp(a, weights.query_norm, rules, Queries(a), saved.query_norm, grad_qkv);
  NormHeadsVjp(a, weights.key_norm, rules, Keys(a), saved.key_norm, grad_qkv);
}

}  // namespace limpid::engine
