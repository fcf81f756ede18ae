#include "rpc/open_inference/tensor.h"

#include <bit>
#include <utility>

namespace limpid::rpc {
namespace {

static_assert(std::endian::native == std::endian::little, "raw contents are little-endian");

void AppendRaw(const void* data, size_t size, std::string* raw) { raw->append(static_cast<const char*>(data), size); }

template <typename T>
void EncodeRaw(const std::vector<T>& values, std::string* raw) {
  AppendRaw(values.data(), values.size() * sizeof(T), raw);
}

void EncodeRaw(const std::vector<std::string>& values, std::string* raw) {
  for (const std::string& value : values) {
    const auto length = static_cast<uint32_t>(value.size());
    AppendRaw(&length, sizeof(length), raw);
    raw->append(value);
  }
}

void EncodeTyped(const std::vector<float>& values, inference::InferTensorContents* contents) {
  contents->mutable_fp32_contents()->Assign(values.begin(), values.end());
}

void EncodeTyped(const std::vector<int64_t>& values, inference::InferTensorContents* contents) {
  contents->mutable_int64_contents()->Assign(values.begin(), values.end());
}

void EncodeTyped(const std::vector<std::string>& values, inference::InferTensorContents* contents) {
  contents->mutable_bytes_contents()->Assign(values.begin(), values.end());
}

}  // namespace

const char* DatatypeOf(const Tensor& tensor) {
  constexpr const char* kDatatypes[] = {"FP32", "INT64", "BYTES"};
  return kDatatypes[tensor.values.index()];
}

void EncodeTensor(Tensor tensor, TensorForm form, inference::ModelInferResponse* response) {
  auto* output = response->add_outputs();
  output->set_datatype(DatatypeOf(tensor));
  output->mutable_shape()->Assign(tensor.shape.begin(), tensor.shape.end());
  output->set_name(std::move(tensor.name));
  std::visit(
      [&](const auto& values) {
        if (form == TensorForm::kRaw) {
          EncodeRaw(values, response->add_raw_output_contents());
        } else {
          EncodeTyped(values, output->mutable_contents());
        }
      },
      tensor.values);
}

}  // namespace limpid::rpc
