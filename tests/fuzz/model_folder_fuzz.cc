// Bytes as what sentence-transformers puts into a model folder: modules.json, a NUL byte, 1_Pooling/config.json; and
// behind another NUL byte, if there is one, the index of two shards.
#include <cstdint>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
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
    for (const char* name : {"x", "y"}) {
      const std::string header =
          absl::StrFormat(R"({"%s": {"dtype": "F16", "shape": [1], "data_offsets": [0, 2]}})", name);
      const std::string length = {static_cast<char>(header.size()), 0, 0, 0, 0, 0, 0, 0};
      Write(absl::StrCat(name, ".safetensors"), length + header + "\x01\x02");
    }
    return true;
  }();
  FUZZ_CHECK(prepared);
  const std::string input(reinterpret_cast<const char*>(data), size);
  const std::vector<std::string> parts = absl::StrSplit(input, absl::MaxSplits('\0', 2));
  Write("modules.json", parts[0]);
  Write("1_Pooling/config.json", parts.size() > 1 ? parts[1] : "");
  if (parts.size() > 2) {
    std::filesystem::remove(limpid_test::Scratch() / "model.safetensors");
    Write("model.safetensors.index.json", parts[2]);
  } else {
    Write("model.safetensors", std::string_view("\x02\0\0\0\0\0\0\0{}", 10));
  }

  const auto folder = limpid::engine::OpenModelFolder(limpid_test::Scratch().string());

  if (folder.ok()) {
    FUZZ_CHECK(folder->architecture.hidden_size == 4 && folder->weights != nullptr);
  } else {
    FUZZ_CHECK(!folder.status().message().empty());
  }
  return 0;
}
