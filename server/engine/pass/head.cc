#include "engine/pass/head.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/index_select.h>
#include <ATen/ops/mean.h>
#include <ATen/ops/mm.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/zeros.h>

#include <algorithm>
#include <cmath>
#include <numeric>

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

// Of each token of the first `num_rows` rows its row: [tokens] int64.
at::Tensor RowsOfTokens(const PackedBatch& batch, int64_t num_rows) {
  std::vector<int64_t> rows;
  for (int64_t r = 0; r < num_rows; ++r) rows.insert(rows.end(), static_cast<size_t>(batch.length(r)), r);
  return IndexTensor(std::move(rows), batch.token_ids.device());
}

// The mean over each row's tokens as one product: for devices on which an operation a row would take longer.
at::Tensor MeanByProduct(const PackedBatch& batch, const at::Tensor& last_hidden_state) {
  const at::Tensor of = RowsOfTokens(batch, batch.size());
  const at::Tensor is_own = at::arange(batch.size(), of.options()).unsqueeze(1).eq(of).to(at::kFloat);
  return at::mm(is_own, last_hidden_state) / is_own.sum(1, /*keepdim=*/true);
}

// Each row's first token, or the mean over its tokens: [rows, hidden].
at::Tensor Pool(Pooling pooling, const PackedBatch& batch, const at::Tensor& last_hidden_state) {
  if (!last_hidden_state.is_cpu() && pooling == Pooling::kMean) return MeanByProduct(batch, last_hidden_state);
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
  at::Tensor sums;  // of each token, if any row wants the mean
  std::vector<Prediction> predictions(batch.rows.size());
  for (size_t r = 0; r < predictions.size(); ++r) {
    const auto row = static_cast<int64_t>(r);
    const Target& target = batch.rows[r]->target;
    std::vector<float> embedding = ToHost(saved->pooled[row]);
    if (target.kind == Target::Kind::kSimilarity) {
      predictions[r].target_value = static_cast<float>(CosineSimilarity(embedding, *target.reference));
    } else if (target.kind == Target::Kind::kMeanOutput) {
      if (!sums.defined()) sums = last_hidden_state.sum(1, /*keepdim=*/false, at::kDouble).to(at::kCPU);
      const double* own = sums.const_data_ptr<double>() + batch.begin(row);
      const double sum = std::accumulate(own, own + batch.length(row), 0.0);
      const int64_t count = batch.length(row) * last_hidden_state.size(1);
      predictions[r].target_value = static_cast<float>(sum / static_cast<double>(count));
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

// dF/d(what the classifier reads), [rows, hidden]: of few classes all rows at once.
at::Tensor ClassesVjp(const Architecture& architecture, const LinearWeights& classifier, const PackedBatch& batch,
                      const std::vector<Prediction>& predictions) {
  constexpr int64_t kAtOnce = 64;
  const bool is_at_once = architecture.num_classes() <= kAtOnce;
  std::vector<float> all;
  std::vector<at::Tensor> rows;
  for (size_t r = 0; r < static_cast<size_t>(batch.num_backward); ++r) {
    const auto grad = ClassTargetGradient(batch.rows[r]->target, architecture.task, predictions[r]);
    if (is_at_once) {
      all.insert(all.end(), grad.begin(), grad.end());
    } else {
      rows.push_back(ClassVjp(classifier, grad));
    }
  }
  if (!is_at_once) return at::cat(rows);
  const at::Tensor grad = at::from_blob(all.data(), {batch.num_backward, architecture.num_classes()});
  return LinearVjp(classifier, grad.to(classifier.weight.device()));
}

// dF/d(last hidden state) from dF/d(what the head reads) [rows, hidden].
at::Tensor SpreadOverTokens(const Architecture& architecture, const PackedBatch& batch, const at::Tensor& grad_read) {
  if (architecture.head == Head::kMeanToken) {
    const at::Tensor of = RowsOfTokens(batch, batch.num_backward);
    const at::Tensor lengths = of.bincount().unsqueeze(1);
    return (grad_read / lengths).index_select(0, of);
  }
  const at::Tensor grad_hidden = at::zeros({batch.backward_tokens(), grad_read.size(1)}, grad_read.options());
  return grad_hidden.index_copy_(0, HeadPlaces(architecture, batch, batch.num_backward), grad_read);
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
at::Tensor ClassifierVjp(const Architecture& architecture, const ModelWeights& weights, const PackedBatch& batch,
                         const std::vector<Prediction>& predictions, const SavedHead& saved) {
  at::Tensor grad_read = ClassesVjp(architecture, weights.classifier, batch, predictions);
  return SpreadOverTokens(architecture, batch, DenseVjp(weights, batch, saved, std::move(grad_read)));
}

// dF/d(last hidden state).
at::Tensor EncoderVjp(const Architecture& architecture, const PackedBatch& batch, const SavedHead& saved,
                      at::Device device) {
  // What each token of a row gets, and what its first token gets.
  const auto width = static_cast<size_t>(architecture.hidden_size), rows = static_cast<size_t>(batch.num_backward);
  std::vector<float> of_tokens(rows * width, 0), of_first(rows * width, 0);
  bool any_first = false;
  for (size_t r = 0; r < rows; ++r) {
    const Target& target = batch.rows[r]->target;
    const auto length = static_cast<float>(batch.length(static_cast<int64_t>(r)));
    const auto all = of_tokens.begin() + static_cast<ptrdiff_t>(r * width);
    if (target.kind == Target::Kind::kMeanOutput) std::fill_n(all, width, 1 / (length * static_cast<float>(width)));
    if (target.kind != Target::Kind::kSimilarity) continue;
    const std::vector<float> pooled =
        CosineSimilarityGradient(ToHost(saved.pooled[static_cast<int64_t>(r)]), *target.reference);
    if (architecture.pooling == Pooling::kMean) {
      std::ranges::transform(pooled, all, [length](float g) { return g / length; });
    } else {
      std::ranges::copy(pooled, of_first.begin() + static_cast<ptrdiff_t>(r * width));
      any_first = true;
    }
  }
  const auto to_device = [&](std::vector<float>& values) {
    return at::from_blob(values.data(), {batch.num_backward, architecture.hidden_size}).to(device);
  };
  const at::Tensor grad_hidden = to_device(of_tokens).index_select(0, RowsOfTokens(batch, batch.num_backward));
  if (!any_first) return grad_hidden;
  const std::vector<int64_t> begins(batch.cu_seqlens.begin(), batch.cu_seqlens.begin() + batch.num_backward);
  return grad_hidden.index_add_(0, IndexTensor(begins, device), to_device(of_first));
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
  if (architecture.head != Head::kNone) return ClassifierVjp(architecture, weights, batch, predictions, saved);
  return EncoderVjp(architecture, batch, saved, last_hidden_state.device());
}

}  // namespace limpid::engine
