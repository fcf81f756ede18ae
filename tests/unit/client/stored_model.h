#pragma once

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <numeric>
#include <string>
#include <string_view>
#include <vector>

#include "support/scratch.h"

// A folder with a small model.safetensors of every kind of tensor.
namespace limpid::client {

inline constexpr std::string_view kStoredHeader =
    R"({"__metadata__":{"format":"pt"},)"
    R"("classifier.weight":{"dtype":"F32","shape":[4,5],"data_offsets":[160,240]},)"
    R"("embeddings.position_ids":{"dtype":"I64","shape":[20],"data_offsets":[0,160]},)"
    R"("encoder.layer.0.bias":{"dtype":"BF16","shape":[20],"data_offsets":[240,280]},)"
    R"("encoder.layer.1.bias":{"dtype":"F64","shape":[20],"data_offsets":[280,440]}}  )";
inline constexpr size_t kStoredBytes = 8 + kStoredHeader.size() + 440;

inline std::string ReadFile(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return std::string(std::istreambuf_iterator<char>(file), {});
}

inline void WriteFile(const std::filesystem::path& path, std::string_view text) {
  std::ofstream(path, std::ios::binary) << text;
}

inline std::string StoredModel() {
  const uint64_t length = kStoredHeader.size();
  std::string file(reinterpret_cast<const char*>(&length), sizeof(length));
  file += kStoredHeader;
  for (int i = 0; i < 440; ++i) file.push_back(static_cast<char>(i));
  return file;
}

// Fresh, in the test's scratch folder.
inline std::filesystem::path StoredFolder(const std::string& name) {
  const std::filesystem::path folder = limpid_test::Scratch() / name;
  std::filesystem::remove_all(folder);
  std::filesystem::create_directories(folder);
  WriteFile(folder / "model.safetensors", StoredModel());
  return folder;
}

}  // namespace limpid::client
