#include "engine/pass/head.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/index_select.h>
#include <ATen/ops/mean.h>
#include <ATen/ops/mm.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/zeros.h>

#include <cmath>

#include "engine/ops/linear.h"
#include "engine/ops/norm.h"
#include "engine/pass/backward_rules.h"
#include "engine/pass/baseline.h"
#include "engine/pass/head_tokens.h"
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

// Of what the classifier reads, [rows, hidden]: [rows, classes], on the host.
at::Tensor ClassifierLogits(const Architecture& architecture, const ModelWeights& weights, const PackedBatch& batch,
                            at::Tensor tokens, SavedHead* saved) {
  if (weights.head_dense.weight.defined()) {
    tokens = RulesOf(batch.backward_rule)
                 .activated_linear_forward(weights.head_dense, architecture.head_activation, tokens,
                                           batch.num_backward > 0 ? &saved->slope : nullptr);
  }
  if (weights.head_norm.weight.defined()) {
    tokens = NormForward(weights.head_norm, tokens, batch.num_backward > 0 ? &saved->norm : nullptr);
  }
  return LinearForward(weights.classifier, tokens).to(at::kCPU);
}

std::vector<Prediction> ClassifierForward(const Architecture& architecture, const ModelWeights& weights,
                                          const PackedBatch& batch, at::Tensor tokens, SavedHead* saved) {
  const at::Tensor logits = ClassifierLogits(architecture, weights, batch, std::move(tokens), saved);
  std::vector<Prediction> predictions(batch.rows.size());
  for (size_t r = 0; r < predictions.size(); ++r) {
    predictions[r].logits = ToHost(logits[static_cast<int64_t>(r)]);
    ResolveClassTarget(batch.rows[r]->target, architecture.task, &predictions[r]);
  }
  return predictions;
}

std::vector<Prediction> TokensForward(const Architecture& architecture, const ModelWeights& weights,
                                      const PackedBatch& batch, const at::Tensor& last_hidden_state, SavedHead* saved) {
  const at::Tensor logits = ClassifierLogits(architecture, weights, batch, last_hidden_state, saved);
  std::vector<Prediction> predictions(batch.rows.size());
  for (size_t r = 0; r < predictions.size(); ++r) {
    const auto row = static_cast<int64_t>(r);
    predictions[r].token_logits = ToHost(logits.narrow(0, batch.begin(row), batch.length(row)));
    ResolveTokenTarget(batch.rows[r]->target, architecture.task, static_cast<size_t>(architecture.num_classes()),
                       architecture.outside_label(), &predictions[r]);
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

// dF/d(what the classifier reads) from dF/dlogits [classes]: of a vocabulary's many classes mostly one or two count.
at::Tensor ClassVjp(const LinearWeights& classifier, const std::vector<float>& grad_logits) {
  constexpr size_t kFew = 8;
  std::vector<int64_t> classes;
  std::vector<float> factors;
  for (size_t c = 0; c < grad_logits.size() && classes.size() <= kFew; ++c) {
    if (grad_logits[c] == 0) continue;
    classes.push_back(static_cast<int64_t>(c));
    factors.push_back(grad_logits[c]);
  }
  const at::Device device = classifier.weight.device();
  const bool are_few = classes.size() <= kFew;
  std::vector<float> all = are_few ? std::move(factors) : grad_logits;
  const at::Tensor grad = at::from_blob(all.data(), {1, static_cast<int64_t>(all.size())}).to(device);
  if (!are_few) return LinearVjp(classifier, grad);
  return at::mm(grad, classifier.weight.index_select(0, IndexTensor(std::move(classes), device)));
}

// dF/d(last hidden state) from dF/d(what the head reads) [rows, hidden].
void SpreadOverTokens(const Architecture& architecture, const PackedBatch& batch, const at::Tensor& grad_read,
                      at::Tensor* grad_hidden) {
  if (architecture.head == Head::kMeanToken) {
    for (int64_t r = 0; r < batch.num_backward; ++r) {
      at::Tensor grad = grad_hidden->narrow(0, batch.begin(r), batch.length(r));
      grad.copy_((grad_read[r] / static_cast<double>(batch.length(r))).expand_as(grad));
    }
    return;
  }
  const std::vector<int64_t> queries = HeadQueries(architecture, batch);
  for (int64_t r = 0; r < batch.num_backward; ++r) {
    grad_hidden->select(0, batch.begin(r) + queries[static_cast<size_t>(r)]).copy_(grad_read[r]);
  }
}

// Undoes ClassifierLogits from what the classifier reads on: [rows, hidden].
at::Tensor DenseVjp(const ModelWeights& weights, const PackedBatch& batch, const SavedHead& saved,
                    at::Tensor grad_tokens) {
  const int64_t rows = grad_tokens.size(0);
  if (weights.head_norm.weight.defined()) {
    grad_tokens =
        RulesOf(batch.backward_rule).add_norm_vjp(weights.head_norm, saved.norm.Head(rows), grad_tokens, {}, {});
  }
  if (!weights.head_dense.weight.defined()) return grad_tokens;
  return LinearVjp(weights.head_dense, grad_tokens.mul_(saved.slope.narrow(0, 0, rows)));
}

// dF/d(last hidden state).
at::Tensor TokensVjp(const Architecture& architecture, const ModelWeights& weights, const PackedBatch& batch,
                     const std::vector<Prediction>& predictions, const SavedHead& saved) {
  std::vector<float> grad_logits;
  for (size_t r = 0; r < static_cast<size_t>(batch.num_backward); ++r) {
    const auto of_row = TokenTargetGradient(batch.rows[r]->target, architecture.task, predictions[r]);
    grad_logits.insert(grad_logits.end(), of_row.begin(), of_row.end());
  }
  const at::Tensor grad = at::from_blob(grad_logits.data(), {batch.backward_tokens(), architecture.num_classes()});
  return DenseVjp(weights, batch, saved, LinearVjp(weights.classifier, grad.to(weights.classifier.weight.device())));
}

// dF/d(last hidden state).
void ClassifierVjp(const Architecture& architecture, const ModelWeights& weights, const PackedBatch& batch,
                   const std::vector<Prediction>& predictions, const SavedHead& saved, at::Tensor* grad_hidden) {
  std::vector<at::Tensor> rows;
  for (int64_t r = 0; r < batch.num_backward; ++r) {
    const auto index = static_cast<size_t>(r);
    rows.push_back(ClassVjp(weights.classifier,
                            ClassTargetGradient(batch.rows[index]->target, architecture.task, predictions[index])));
  }
  SpreadOverTokens(architecture, batch, DenseVjp(weights, batch, saved, at::cat(rows)), grad_hidden);
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

std::vector<Prediction> HeadForward(const Architecture& architecture, const ModelWeights& weights,
                                    const PackedBatch& batch, const SavedActivations& activations, SavedHead* saved) {
  if (architecture.head == Head::kEachToken) {
    return TokensForward(architecture, weights, batch, activations.last_hidden_state, saved);
  }
  if (architecture.head != Head::kNone) {
    at::Tensor tokens = activations.head_tokens;
    if (architecture.head == Head::kMeanToken) {
      tokens = Pool(Pooling::kMean, batch, activations.last_hidden_state);
    } else if (!tokens.defined()) {
      tokens = PickTokens(batch, HeadQueries(architecture, batch), activations.last_hidden_state);
    }
    return ClassifierForward(architecture, weights, batch, std::move(tokens), saved);
  }
  return EncoderForward(architecture, batch, activations.last_hidden_state, saved);
}

at::Tensor HeadVjp(const Architecture& architecture, const ModelWeights& weights, const PackedBatch& batch,
                   const std::vector<Prediction>& predictions, const SavedHead& saved,
                   const at::Tensor& last_hidden_state) {
  if (architecture.head == Head::kEachToken) return TokensVjp(architecture, weights, batch, predictions, saved);
  at::Tensor grad_hidden = at::zeros({batch.backward_tokens(), architecture.hidden_size}, last_hidden_state.options());
  if (architecture.head != Head::kNone) {
    ClassifierVjp(architecture, weights, batch, predictions, saved, &grad_hidden);
  } else {
    EncoderVjp(architecture, batch, saved, &grad_hidden);
  }
  return grad_hidden;
}

}  // namespace limpid::engine
