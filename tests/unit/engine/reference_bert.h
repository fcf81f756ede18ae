#pragma once

#include <ATen/core/TensorBody.h>

#include <functional>
#include <string>
#include <vector>

#include "engine/row.h"
#include "unit/engine/tiny_model.h"

namespace limpid::engine {

// BERT as its paper says it, in plain ops, one row at a time; gradients can be taken toward all it fills in.
class ReferenceBert {
 public:
  ReferenceBert(const TinyConfig& config, const TinyWeights& weights, at::ScalarType type);

  void Run(const Row& row);

  // Changes to the pass, none by default. What goes on is what they return.
  std::function<at::Tensor(AttachPoint at, const at::Tensor& x)> alter;
  std::function<at::Tensor(int64_t place, const at::Tensor& hidden)> replace_hidden;
  std::function<at::Tensor(int64_t layer, const at::Tensor& value)> edit_value;  // [heads, T, head_size]
  BackwardRule backward_rule = BackwardRule::kGradient;  // LRP's as edits of the graph, the values stay
  at::Tensor gates;                                      // [layers, heads], all 1

  at::Tensor word, sum, output, last_hidden, logits;
  std::vector<at::Tensor> attention;  // per layer [heads, T, T]
  std::vector<at::Tensor> hidden;     // [layers + 1] of [T, hidden]: what enters each layer, and the last

  at::Tensor Get(const std::string& name) const { return GetFull(prefix() + name); }

 private:
  bool IsLrp() const { return backward_rule != BackwardRule::kGradient; }
  bool IsClassifier() const { return config_.architecture == "BertForSequenceClassification"; }
  std::string prefix() const { return IsClassifier() ? "bert." : ""; }
  at::Tensor GetFull(const std::string& name) const;
  at::Tensor Linear(const std::string& name, const at::Tensor& x) const;
  at::Tensor Norm(const std::string& name, const at::Tensor& x) const;
  at::Tensor Activate(const at::Tensor& x) const;
  at::Tensor Layer(int64_t l, const at::Tensor& input);

  const TinyConfig config_;
  const TinyWeights weights_;
  const at::ScalarType type_;
};

at::Tensor FromHost(const HostTensor& host);

}  // namespace limpid::engine
