#include "engine/pass/head.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/index_select.h>
#include <ATen/ops/mean.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/zeros.h>

#include <cmath>

#include "engine/ops/linear.h"
#include "engine/pass/backward_rules.h"
#include "engine/pass/target.h"

namespace limpid::engine {
namespace {

std::vector<float> ToHost(const at::Tensor& row) {
  const at::Tensor host = row.to(at::kCPU).contiguous();
  return {host.data_ptr<float>(), host.data_ptr<float>() + host.numel()};
}

// Each row's first token, or the mean over its tokens: [rows, hidden].
at::Tensor Pool(Pooling pooling, const PackedBatch& batch, const at::Tensor& last_hidden_state) {
  std::vector<at::Tensor> pooled;
  for (int64_t r = 0; r < batch.size(); ++r) {
    const at::Tensor row = last_hidden_state.narrow(0, batch.begin(r), batch.length(r));
    pooled.push_back(pooling == Pooling::kMean ? row.mean(0) : row[0]);
  }
  return at::stack(pooled);
}

std::vector<float> Normalized(std::vector<float> v) {
  double squares = 0;
  for (float x : v) squares += double{x} * x;
  // sentence-transformers' Normalize divides by at least 1e-12.
  const double norm = std::max(std::sqrt(squares), 1e-12);
  for (float& x : v) x = static_cast<float>(x / norm);
  return v;
}

std::vector<Prediction> ClassifierForward(const Architecture& architecture, const EncoderWeights& weights,
                                          const PackedBatch& batch, const at::Tensor& first_tokens, SavedHead* saved) {
  const at::Tensor dense = RulesOf(batch.backward_rule)
                               .activated_linear_forward(weights.head_dense, architecture.head_activation, first_tokens,
                                                         batch.num_backward > 0 ? &saved->slope : nullptr);
  const at::Tensor logits = LinearForward(weights.classifier, dense).to(at::kCPU);
  std::vector<Prediction> predictions(batch.rows.size());
  for (size_t r = 0; r < predictions.size(); ++r) {
    predictions[r].logits = ToHost(logits[static_cast<int64_t>(r)]);
    ResolveClassTarget(batch.rows[r]->target, architecture.task, &predictions[r]);
  }
  return predictions;
}

std::vector<Prediction> EncoderForward(const Architecture& architecture, const PackedBatch& batch,
                                       const at::Tensor& last_hidden_state, SavedHead* saved) {
  saved->pooled = Pool(architecture.pooling, batch, last_hidden_state).to(at::kCPU);
  std::vector<Prediction> predictions(batch.rows.size());
  for (size_t r = 0; r < predictions.size(); ++r) {
    const auto row = static_cast<int64_t>(r);
    const Target& target = batch.rows[r]->target;
    std::vector<float> embedding = ToHost(saved->pooled[row]);
    if (target.kind == Target::Kind::kSimilarity) {
      predictions[r].target_value = static_cast<float>(CosineSimilarity(embedding, *target.reference));
    } else if (target.kind == Target::Kind::kMeanOutput) {
      const at::Tensor hidden = last_hidden_state.narrow(0, batch.begin(row), batch.length(row));
      predictions[r].target_value = static_cast<float>(hidden.mean(at::kDouble).item<double>());
    }
    predictions[r].embedding =
        architecture.normalize_embedding ? Normalized(std::move(embedding)) : std::move(embedding);
  }
  return predictions;
}

// dF/d(last hidden state) of one row of a classifier: only the first token feeds the head.
void ClassifierVjp(const Architecture& architecture, const EncoderWeights& weights, const PackedBatch& batch,
                   const std::vector<Prediction>& predictions, const SavedHead& saved, at::Tensor* grad_hidden) {
  std::vector<at::Tensor> rows;
  for (int64_t r = 0; r < batch.num_backward; ++r) {
    const auto index = static_cast<size_t>(r);
    std::vector<float> gradient = ClassTargetGradient(batch.rows[index]->target, architecture.task, predictions[index]);
    rows.push_back(at::from_blob(gradient.data(), {static_cast<int64_t>(gradient.size())}).clone());
  }
  const at::Tensor slope = saved.slope.narrow(0, 0, batch.num_backward);
  const at::Tensor grad_dense = LinearVjp(weights.classifier, at::stack(rows).to(slope.device()), slope);
  const at::Tensor grad_first = LinearVjp(weights.head_dense, grad_dense);
  for (int64_t r = 0; r < batch.num_backward; ++r) grad_hidden->select(0, batch.begin(r)).copy_(grad_first[r]);
}

void EncoderVjp(const Architecture& architecture, const PackedBatch& batch, const SavedHead& saved,
                at::Tensor* grad_hidden) {
  for (int64_t r = 0; r < batch.num_backward; ++r) {
    const Target& target = batch.rows[static_cast<size_t>(r)]->target;
    at::Tensor grad = grad_hidden->narrow(0, batch.begin(r), batch.length(r));
    if (target.kind == Target::Kind::kMeanOutput) {
      grad.fill_(1.0 / static_cast<double>(grad.numel()));
    } else if (target.kind == Target::Kind::kSimilarity) {
      std::vector<float> pooled = CosineSimilarityGradient(ToHost(saved.pooled[r]), *target.reference);
      const at::Tensor grad_pooled = at::from_blob(pooled.data(), {static_cast<int64_t>(pooled.size())});
      if (architecture.pooling == Pooling::kMean) {
        grad.copy_((grad_pooled / static_cast<double>(batch.length(r))).expand_as(grad));
      } else {
        grad[0].copy_(grad_pooled);
      }
    }
  }
}

}  // namespace

std::vector<Prediction> HeadForward(const Architecture& architecture, const EncoderWeights& weights,
                                    const PackedBatch& batch, const SavedActivations& activations, SavedHead* saved) {
  if (architecture.head == Head::kClassifier) {
    return ClassifierForward(architecture, weights, batch, activations.first_tokens, saved);
  }
  return EncoderForward(architecture, batch, activations.last_hidden_state, saved);
}

at::Tensor HeadVjp(const Architecture& architecture, const EncoderWeights& weights, const PackedBatch& batch,
                   const std::vector<Prediction>& predictions, const SavedHead& saved,
                   const at::Tensor& last_hidden_state) {
  at::Tensor grad_hidden = at::zeros({batch.backward_tokens(), architecture.hidden_size}, last_hidden_state.options());
  if (architecture.head == Head::kClassifier) {
    ClassifierVjp(architecture, weights, batch, predictions, saved, &grad_hidden);
  } else {
    EncoderVjp(architecture, batch, saved, &grad_hidden);
  }
  return grad_hidden;
}

}  // namespace limpid::engine
