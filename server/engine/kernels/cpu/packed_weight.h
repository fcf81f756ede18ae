#pragma once

#include <ATen/core/TensorBody.h>

#include <cstdint>
#include <memory>

namespace limpid::engine::cpu {

// A weight matrix M [inner, cols] as the right-hand side of y = x M, laid out once in the order in which MKL's product
// reads it. Otherwise every product lays it out anew, which for a few hundred rows costs a tenth of its time. Takes the
// matrix's size again in memory. Immutable.
class PackedWeight {
 public:
  // `stored` is M, or M^T if `is_transposed`; fp32, contiguous, on the CPU. Null where the packed product does not give
  // what the plain one gives: MKL promises that only for the number of rows that was named when packing, its code keeps
  // it for any, and this is where that is checked.
  static std::shared_ptr<const PackedWeight> Pack(const at::Tensor& stored, bool is_transposed);

  // y [rows, cols] = x [rows, inner] M, or y += x M. Any number of rows; contiguous.
  void Multiply(const float* x, int64_t rows, bool is_added, float* y) const;

  int64_t cols() const { return cols_; }

 private:
  PackedWeight(at::Tensor buffer, int64_t inner, int64_t cols)
      : buffer_(std::move(buffer)), inner_(inner), cols_(cols) {}
  bool AgreesWith(const at::Tensor& stored, bool is_transposed) const;

  const at::Tensor buffer_;
  const int64_t inner_, cols_;
};

}  // namespace limpid::engine::cpu
