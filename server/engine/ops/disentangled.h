#pragma once

#include <ATen/core/TensorBody.h>

#include <cstdint>

namespace limpid::engine {

// Disentangled attention (He et al. 2021): to a score, before its scale, the query's product with a vector of their
// distance is added, and the key's with another. The vectors are weights: no gradient goes there.
struct DisentangledBias {
  at::Tensor keys;     // [heads, rows, head_size], which queries meet; undefined: they meet none
  at::Tensor queries;  // the same, which keys meet
  // [2 * max_tokens - 1] int64 in host memory: the row for the position of the key less that of the query, the least
  // difference first. They fall.
  at::Tensor rows;
  at::Tensor positions;  // [total_tokens] int64

  bool defined() const { return rows.defined(); }
};

// Its part in one sequence: so many queries from token `first`, and all keys.
class DisentangledTerms {
 public:
  // The sequence's tokens begin at `begin`, and its first and last are `farthest` positions apart.
  DisentangledTerms(const DisentangledBias& bias, int64_t begin, int64_t length, int64_t first, int64_t queries,
                    int64_t farthest);

  // query [heads, queries, size], key [heads, length, size]; scores [heads, queries, length].
  void AddScores(const at::Tensor& query, const at::Tensor& key, at::Tensor* scores) const;
  // What AddScores passes back.
  void AddVjp(const at::Tensor& grad_scores, at::Tensor* grad_query, at::Tensor* grad_key) const;

 private:
  at::Tensor index_;           // [queries, length], into the rows
  at::Tensor keys_, queries_;  // of the rows that occur
};

}  // namespace limpid::engine
