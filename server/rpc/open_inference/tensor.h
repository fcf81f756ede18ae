#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "open_inference/grpc_predict_v2.pb.h"

namespace limpid::rpc {

// A tensor of an answer. Row-major.
struct Tensor {
  std::string name;
  std::vector<int64_t> shape;
  std::variant<std::vector<float>, std::vector<int64_t>, std::vector<std::string>> values;
};

// Of the tensor's values: "FP32", "INT64" or "BYTES".
const char* DatatypeOf(const Tensor& tensor);

// In the form of the request: its bytes in raw_output_contents, or its elements in `contents`.
enum class TensorForm { kRaw, kTyped };
void EncodeTensor(Tensor tensor, TensorForm form, inference::ModelInferResponse* response);

// [rows, longest row]; shorter rows end with `filler`. With `width` > 1 a row is that many times as long as it has
// elements, and the shape [rows, longest row, width].
template <typename T>
Tensor StackRows(std::string name, const std::vector<std::vector<T>>& rows, const T& filler, size_t width = 1) {
  size_t longest = 0;
  for (const std::vector<T>& row : rows) longest = std::max(longest, row.size());
  std::vector<T> values;
  values.reserve(rows.size() * longest);
  for (const std::vector<T>& row : rows) {
    values.insert(values.end(), row.begin(), row.end());
    values.insert(values.end(), longest - row.size(), filler);
  }
  std::vector<int64_t> shape = {static_cast<int64_t>(rows.size()), static_cast<int64_t>(longest / width)};
  if (width > 1) shape.push_back(static_cast<int64_t>(width));
  return {.name = std::move(name), .shape = std::move(shape), .values = std::move(values)};
}

}  // namespace limpid::rpc
