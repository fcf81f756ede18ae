#include "explain/tensors.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <utility>

namespace limpid::explain {

engine::HostTensor MakeTensor(std::vector<int64_t> shape, std::vector<float> values) {
  auto owner = std::make_shared<const std::vector<float>>(std::move(values));
  return {.shape = std::move(shape), .values = *owner, .owner = owner};
}

std::vector<double> TimesMatrix(const std::vector<double>& row, std::span<const float> matrix) {
  const size_t size = row.size();
  std::vector<double> product(size, 0);
  for (size_t i = 0; i < size; ++i) {
    if (row[i] == 0) continue;
    const std::span<const float> line = matrix.subspan(i * size, size);
    for (size_t j = 0; j < size; ++j) product[j] += row[i] * line[j];
  }
  return product;
}

std::vector<double> TimesMatrixPlusIdentity(const std::vector<double>& row, std::span<const float> matrix) {
  std::vector<double> product = TimesMatrix(row, matrix);
  for (size_t j = 0; j < row.size(); ++j) product[j] += row[j];
  return product;
}

std::vector<double> UnitRow(size_t size, size_t index) {
  std::vector<double> row(size, 0);
  row[index] = 1;
  return row;
}

std::vector<float> ToFloats(const std::vector<double>& values) {
  std::vector<float> floats(values.size());
  std::transform(values.begin(), values.end(), floats.begin(), [](double v) { return static_cast<float>(v); });
  return floats;
}

bool AllFinite(std::span<const float> values) {
  return std::all_of(values.begin(), values.end(), [](float v) { return std::isfinite(v); });
}

double SumAbs(std::span<const float> values) {
  double sum = 0;
  for (float value : values) sum += std::abs(value);
  return sum;
}

}  // namespace limpid::explain
