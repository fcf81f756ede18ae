// Bytes as what sentence-transformers puts into a model folder: modules.json, a NUL byte, 1_Pooling/config.json.
#include <algorithm>
#include <cstdint>
#include <fstream>
#include <string>
#include <string_view>

#include "engine/weights/model_folder.h"
#include "fuzz/check.h"
#include "support/scratch.h"

namespace {

constexpr char kConfig[] = R"({"architectures": ["BertModel"], "vocab_size": 8, "type_vocab_size": 2,
  "max_position_embeddings": 16, "hidden_size": 4, "num_hidden_layers": 1, "num_attention_heads": 2,
  "intermediate_size": 8, "layer_norm_eps": 1e-12, "hidden_act": "gelu"})";

void Write(const std::string& name, std::string_view contents) {
  const std::filesystem::path path = limpid_test::Scratch() / name;
  std::filesystem::create_directories(path.parent_path());
  std::ofstream(path, std::ios::binary) << contents;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const bool prepared = [] {
    Write("config.json", kConfig);
    Write("model.safetensors", std::string_view("\x02\0\0\0\0\0\0\0{}", 10));
    return true;
  }();
  FUZZ_CHECK(prepared);
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const size_t split = std::min(input.find('\0'), input.size());
  Write("modules.json", input.substr(0, split));
  Write("1_Pooling/config.json", input.substr(std::min(split + 1, input.size())));

  const auto folder = limpid::engine::OpenModelFolder(limpid_test::Scratch().string());

  if (folder.ok()) {
    FUZZ_CHECK(folder->architecture.hidden_size == 4 && folder->weights != nullptr);
  } else {
    FUZZ_CHECK(!folder.status().message().empty());
  }
  return 0;
}
