#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "engine/row.h"

// Small things that several methods do with the engine's arrays. Sums are taken in double.
namespace limpid::explain {

// One [columns] row of a [..., columns] array.
inline std::span<const float> RowOf(const engine::HostTensor& tensor, size_t row) {
  const auto columns = static_cast<size_t>(tensor.shape.back());
  return tensor.values.subspan(row * columns, columns);
}

// One matrix of a [count, rows, columns] array, flat.
inline std::span<const float> MatrixOf(const engine::HostTensor& tensor, size_t index) {
  const auto size = static_cast<size_t>(tensor.shape[1] * tensor.shape[2]);
  return tensor.values.subspan(index * size, size);
}

// Owns its values.
engine::HostTensor MakeTensor(std::vector<int64_t> shape, std::vector<float> values);

// row * matrix, with the matrix square and `row` as long as its side; and row * (matrix + identity). The vector form of
// a product of such matrices costs a square a layer instead of a cube.
std::vector<double> TimesMatrix(const std::vector<double>& row, std::span<const float> matrix);
std::vector<double> TimesMatrixPlusIdentity(const std::vector<double>& row, std::span<const float> matrix);

// e_index, `size` long.
std::vector<double> UnitRow(size_t size, size_t index);

std::vector<float> ToFloats(const std::vector<double>& values);

bool AllFinite(std::span<const float> values);

double SumAbs(std::span<const float> values);

}  // namespace limpid::explain
