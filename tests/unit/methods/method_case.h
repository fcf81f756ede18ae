#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "explain/input.h"
#include "explain/method.h"
#include "explain/tensors.h"
#include "support/fake_engine.h"
#include "support/fake_tokenizer.h"
#include "support/method_spec.h"

namespace limpid::testing {

// A text and what an engine gave for it, ready for a method (in Protobuf's text form) to explain.
class MethodCase {
 public:
  // Tokens without a text, which belong to no word.
  explicit MethodCase(size_t num_tokens) {
    encoding_.tokens.resize(num_tokens);
    for (text::Token& token : encoding_.tokens) token.id = 7;
    SetRow();
  }
  // As FakeTokenizer reads it.
  explicit MethodCase(const std::string& text) {
    request_.input.text = text;
    encoding_ = *tokenizer_.Encode(text, std::nullopt, text::Truncation::kError, 100);
    SetRow();
  }

  absl::Status Check(const std::string& method) const {
    const absl::StatusOr<explain::MethodSpec> spec = ReadSpec(method);
    return spec.ok() ? spec->make()->Check(input()) : spec.status();
  }

  // What the method reads from the base row.
  engine::Wanted Plan(const std::string& method) const {
    engine::Wanted wanted;
    MakeMethod(method)->Plan(input(), &wanted);
    return wanted;
  }

  // Of a method that needs the base row alone. Its result is `base`, which the engine gives for what the method wants
  // unless a test sets it.
  explain::TokenScores Fold(const std::string& method) {
    return Explain(method, [](const engine::Row&) -> engine::RowResult { throw std::logic_error("a row more"); });
  }

  // Until the method asks for no more rows; `run` gives their results.
  explain::TokenScores Explain(const std::string& method,
                               const std::function<engine::RowResult(const engine::Row&)>& run) {
    const std::unique_ptr<explain::Method> made = MakeMethod(method);
    made->Plan(input(), &row_.wanted);
    if (!has_base_) base = FakeEngine().ResultOf(row_);
    std::vector<engine::RowResult> results;
    for (;;) {
      absl::StatusOr<explain::FoldStep> step = made->Fold(input(), base, results);
      if (!step.ok()) throw std::logic_error(step.status().ToString());
      if (step->more_rows.empty()) return std::move(step->scores);
      results.clear();
      for (engine::Row& row : step->more_rows) {
        results.push_back(run(row));
        rows.push_back(std::move(row));
      }
    }
  }

  // Folds `result` instead of the engine's.
  MethodCase& With(engine::RowResult result) {
    base = std::move(result);
    has_base_ = true;
    return *this;
  }

  MethodCase& Toward(const engine::Target& target) {
    row_.target = target;
    return *this;
  }

  explain::MethodInput input() const {
    return {.model = model,
            .tokenizer = tokenizer_,
            .encoding = encoding_,
            .base_row = row_,
            .request = request_,
            .other = other.has_value() ? &*other : nullptr};
  }
  int32_t id(size_t token) const { return encoding_.tokens[token].id; }

  engine::RowResult base;
  engine::ModelCard model = ClassifierCard();
  std::optional<text::Encoding> other;  // of a similarity target
  std::vector<engine::Row> rows;        // that were asked for

 private:
  void SetRow() {
    row_ = explain::RowOfTokens(encoding_);
    row_.target.kind = engine::Target::Kind::kClass;
  }

  FakeTokenizer tokenizer_;
  explain::ExplainRequest request_;
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

}  // namespace limpid::testing
