#include "lib/sanity/stored_weights.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <optional>
#include <random>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "lib/json.h"

namespace limpid::client {
namespace {

// As the format's own library has it.
constexpr uint64_t kMaxHeaderBytes = 100'000'000;

size_t FloatBytes(const std::string& dtype) {
  if (dtype == "F64") return 8;
  if (dtype == "F32") return 4;
  return dtype == "F16" || dtype == "BF16" ? 2 : 0;
}

absl::Status NoSafetensors(const std::filesystem::path& path) {
  return absl::InvalidArgumentError(absl::StrCat(path.string(), ": not a safetensors file"));
}

std::optional<StoredTensor> ParseTensor(const std::string& name, const Json& entry, uint64_t data_begin,
                                        uint64_t file_bytes) {
  StoredTensor tensor{.name = name};
  uint64_t begin = 0, end = 0;
  try {
    tensor.element_bytes = FloatBytes(entry.at("dtype").get<std::string>());
    begin = entry.at("data_offsets").at(0).get<uint64_t>();
    end = entry.at("data_offsets").at(1).get<uint64_t>();
  } catch (const Json::exception&) {
    return std::nullopt;
  }
  if (begin > end || end > file_bytes - data_begin) return std::nullopt;
  if (tensor.element_bytes != 0) {
    if ((end - begin) % tensor.element_bytes != 0) return std::nullopt;
    tensor.num_elements = (end - begin) / tensor.element_bytes;
  }
  tensor.offset = data_begin + begin;
  return tensor;
}

template <typename Element>
void Shuffle(std::vector<char>* bytes, std::mt19937_64* random) {
  const size_t count = bytes->size() / sizeof(Element);
  const auto load = [&](size_t i) {
    Element element;
    std::memcpy(&element, bytes->data() + i * sizeof(Element), sizeof(Element));
    return element;
  };
  const auto store = [&](size_t i, Element element) {
    std::memcpy(bytes->data() + i * sizeof(Element), &element, sizeof(Element));
  };
  for (size_t i = count; i > 1; --i) {
    // Not std::uniform_int_distribution, whose draws differ between standard libraries; 64 bits make the bias nothing.
    const size_t j = (*random)() % i;
    const Element last = load(i - 1);
    store(i - 1, load(j));
    store(j, last);
  }
}

std::mt19937_64 Generator(uint64_t seed, const std::string& name) {
  std::vector<uint32_t> numbers = {static_cast<uint32_t>(seed), static_cast<uint32_t>(seed >> 32)};
  for (const char byte : name) numbers.push_back(static_cast<unsigned char>(byte));
  std::seed_seq sequence(numbers.begin(), numbers.end());
  return std::mt19937_64(sequence);
}

}  // namespace

absl::StatusOr<std::vector<StoredTensor>> ReadStoredTensors(const std::filesystem::path& folder) {
  const std::filesystem::path path = folder / "model.safetensors";
  std::ifstream file(path, std::ios::binary | std::ios::ate);
  if (!file) {
    const std::filesystem::path index = folder / "model.safetensors.index.json";
    std::error_code ignored;
    if (std::filesystem::exists(index, ignored)) {
      return absl::InvalidArgumentError(
          absl::StrCat(folder.string(), ": its weights are in several files; only model.safetensors alone will do"));
    }
    return absl::InvalidArgumentError(absl::StrCat("cannot open ", path.string()));
  }
  const auto file_bytes = static_cast<uint64_t>(file.tellg());
  uint64_t header_bytes = 0;
  file.seekg(0);
  file.read(reinterpret_cast<char*>(&header_bytes), sizeof(header_bytes));
  if (!file || header_bytes > kMaxHeaderBytes || header_bytes > file_bytes - sizeof(header_bytes)) {
    return NoSafetensors(path);
  }
  std::string text(header_bytes, ' ');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  const Json header = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!file || !header.is_object()) return NoSafetensors(path);

  std::vector<StoredTensor> tensors;
  for (const auto& [name, entry] : header.items()) {
    if (name == "__metadata__") continue;
    std::optional<StoredTensor> tensor = ParseTensor(name, entry, sizeof(header_bytes) + header_bytes, file_bytes);
    if (!tensor.has_value()) return NoSafetensors(path);
    tensors.push_back(*std::move(tensor));
  }
  return tensors;
}

absl::Status ShuffleStoredTensor(const std::filesystem::path& path, const StoredTensor& tensor, uint64_t seed) {
  if (tensor.element_bytes == 0) return absl::OkStatus();
  std::vector<char> bytes(tensor.num_elements * tensor.element_bytes);
  const auto offset = static_cast<std::streamoff>(tensor.offset);
  const auto size = static_cast<std::streamsize>(bytes.size());
  errno = 0;
  std::fstream file(path, std::ios::binary | std::ios::in | std::ios::out);
  file.seekg(offset);
  file.read(bytes.data(), size);
  std::mt19937_64 random = Generator(seed, tensor.name);
  switch (tensor.element_bytes) {
    case 8:
      Shuffle<uint64_t>(&bytes, &random);
      break;
    case 4:
      Shuffle<uint32_t>(&bytes, &random);
      break;
    default:
      Shuffle<uint16_t>(&bytes, &random);
  }
  file.seekp(offset);
  file.write(bytes.data(), size);
  file.close();
  if (file.fail()) return absl::UnknownError(absl::StrCat("cannot write ", path.string(), ": ", std::strerror(errno)));
  return absl::OkStatus();
}

}  // namespace limpid::client
