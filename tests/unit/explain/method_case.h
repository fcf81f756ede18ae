#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "explain/method.h"
#include "explain/tensors.h"
#include "support/fake_engine.h"
#include "support/fake_tokenizer.h"

namespace limpid::explain {

// A text of `num_tokens` tokens and what an engine gave for it, ready for a method to fold.
class MethodCase {
 public:
  explicit MethodCase(size_t num_tokens) : model_(testing::ClassifierCard()) {
    encoding_.tokens.resize(num_tokens);
    row_.token_ids.assign(num_tokens, 7);
    row_.target.kind = engine::Target::Kind::kClass;
  }

  absl::Status Check(const MethodSpec& spec) const { return MakeMethod(spec)->Check(input()); }

  // What the method reads from the base row.
  engine::Wanted Plan(const MethodSpec& spec) const {
    engine::Wanted wanted;
    MakeMethod(spec)->Plan(input(), &wanted);
    return wanted;
  }

  // The result of `base`, which the engine gives for what the method wants unless a test sets it.
  TokenScores Fold(const MethodSpec& spec) {
    const std::unique_ptr<Method> method = MakeMethod(spec);
    method->Plan(input(), &row_.wanted);
    if (!has_base_) base = testing::FakeEngine().ResultOf(row_);
    absl::StatusOr<FoldStep> step = method->Fold(input(), base, {});
    if (!step.ok()) throw std::logic_error(step.status().ToString());
    return std::move(step->scores);
  }

  // Folds `result` instead of the engine's.
  MethodCase& With(engine::RowResult result) {
    base = std::move(result);
    has_base_ = true;
    return *this;
  }

  MethodInput input() const { return {model_, encoding_, testing::FakeTokenizer().stand_ins(), row_}; }

  engine::RowResult base;

 private:
  const engine::ModelCard model_;
  text::Encoding encoding_;
  engine::Row row_;
  bool has_base_ = false;
};

using Matrix = std::vector<std::vector<double>>;

inline Matrix Identity(size_t size) {
  Matrix result(size, std::vector<double>(size, 0));
  for (size_t i = 0; i < size; ++i) result[i][i] = 1;
  return result;
}

inline Matrix Product(const Matrix& a, const Matrix& b) {
  Matrix result(a.size(), std::vector<double>(a.size(), 0));
  for (size_t i = 0; i < a.size(); ++i) {
    for (size_t j = 0; j < a.size(); ++j) {
      for (size_t k = 0; k < a.size(); ++k) result[i][j] += a[i][k] * b[k][j];
    }
  }
  return result;
}

inline Matrix Sum(Matrix a, const Matrix& b) {
  for (size_t i = 0; i < a.size(); ++i) {
    for (size_t j = 0; j < a.size(); ++j) a[i][j] += b[i][j];
  }
  return a;
}

// Layer `index` of [layers, T, T].
inline Matrix LayerOf(const engine::HostTensor& tensor, size_t index) {
  const auto size = static_cast<size_t>(tensor.shape[1]);
  Matrix result(size, std::vector<double>(size));
  for (size_t i = 0; i < size; ++i) {
    for (size_t j = 0; j < size; ++j) result[i][j] = tensor.values[(index * size + i) * size + j];
  }
  return result;
}

}  // namespace limpid::explain
