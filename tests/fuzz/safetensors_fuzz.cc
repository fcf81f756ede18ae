// Bytes as a .safetensors file: whatever is accepted lies inside the file and has the size it claims.
#include <cstdint>

#include "engine/weights/safetensors.h"
#include "fuzz/check.h"

using limpid::engine::DType;
using limpid::engine::SafetensorsFile;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::span<const std::byte> file(reinterpret_cast<const std::byte*>(data), size);
  const auto tensors = SafetensorsFile::Parse(file);
  if (!tensors.ok()) {
    FUZZ_CHECK(!tensors.status().message().empty());
    return 0;
  }
  for (const auto& [name, tensor] : *tensors) {
    double expected = tensor.dtype == DType::kF32 ? 4 : 2;  // cannot wrap around
    for (int64_t extent : tensor.shape) {
      FUZZ_CHECK(extent >= 0);
      expected *= static_cast<double>(extent);
    }
    FUZZ_CHECK(expected == static_cast<double>(tensor.bytes.size()));
    if (tensor.bytes.empty()) continue;
    FUZZ_CHECK(tensor.bytes.data() >= file.data() + 8);
    FUZZ_CHECK(tensor.bytes.data() + tensor.bytes.size() <= file.data() + file.size());
  }
  return 0;
}
