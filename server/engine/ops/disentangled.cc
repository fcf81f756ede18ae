#include "engine/ops/disentangled.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/bmm.h>
#include <ATen/ops/zeros.h>

namespace limpid::engine {
namespace {

at::Tensor OfHeads(const at::Tensor& index, int64_t heads) {
  return index.unsqueeze(0).expand({heads, index.size(0), index.size(1)});
}

// x [heads, T, size] against each row, then of those the one at index [T, others].
at::Tensor Scores(const at::Tensor& x, const at::Tensor& rows, const at::Tensor& index) {
  return at::bmm(x, rows.transpose(1, 2)).gather(-1, OfHeads(index, x.size(0)));
}

at::Tensor Vjp(const at::Tensor& grad_scores, const at::Tensor& rows, const at::Tensor& index) {
  const int64_t heads = grad_scores.size(0);
  at::Tensor by_row = at::zeros({heads, grad_scores.size(1), rows.size(1)}, grad_scores.options());
  by_row.scatter_add_(-1, OfHeads(index, heads), grad_scores);
  return at::bmm(by_row, rows);
}

}  // namespace

DisentangledTerms::DisentangledTerms(const DisentangledBias& bias, int64_t begin, int64_t length, int64_t first,
                                     int64_t queries, int64_t farthest) {
  const at::Tensor at = bias.positions.narrow(0, begin, length);
  const at::Tensor differences = at.unsqueeze(0) - at.narrow(0, first, queries).unsqueeze(1);
  const at::Tensor rows = bias.rows.narrow(0, bias.rows.numel() / 2 - farthest, 2 * farthest + 1);
  const int64_t greatest = rows.const_data_ptr<int64_t>()[0], least = rows.const_data_ptr<int64_t>()[2 * farthest];
  index_ = (rows - least).to(at.device()).index_select(0, (differences + farthest).flatten()).view({queries, length});
  if (bias.keys.defined()) keys_ = bias.keys.narrow(1, least, greatest - least + 1);
  if (bias.queries.defined()) queries_ = bias.queries.narrow(1, least, greatest - least + 1);
}

void DisentangledTerms::AddScores(const at::Tensor& query, const at::Tensor& key, at::Tensor* scores) const {
  if (keys_.defined()) scores->add_(Scores(query, keys_, index_));
  if (queries_.defined()) scores->add_(Scores(key, queries_, index_.t()).transpose(1, 2));
}

void DisentangledTerms::AddVjp(const at::Tensor& grad_scores, at::Tensor* grad_query, at::Tensor* grad_key) const {
  if (keys_.defined()) grad_query->add_(Vjp(grad_scores, keys_, index_));
  if (queries_.defined()) grad_key->add_(Vjp(grad_scores.transpose(1, 2), queries_, index_.t()));
}

}  // namespace limpid::engine
