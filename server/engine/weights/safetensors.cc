#include "engine/weights/safetensors.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/status_macros.h"

namespace limpid::engine {
namespace {

// The reference implementation's own limit.
constexpr uint64_t kMaxHeaderBytes = 100'000'000;

absl::Status Invalid(const std::string& what) {
  return absl::InvalidArgumentError(absl::StrCat("safetensors: ", what));
}

struct DTypeInfo {
  DType dtype;
  uint64_t size;
};

std::optional<DTypeInfo> ParseDType(const std::string& name) {
  if (name == "F32") return DTypeInfo{DType::kF32, 4};
  if (name == "F16") return DTypeInfo{DType::kF16, 2};
  if (name == "BF16") return DTypeInfo{DType::kBF16, 2};
  return std::nullopt;
}

bool IsUnsigned(const nlohmann::json& value) { return value.is_number_unsigned(); }

// Bytes of a tensor, or nothing if that overflows.
std::optional<uint64_t> ByteSize(const std::vector<int64_t>& shape, uint64_t element_size) {
  uint64_t size = element_size;
  for (int64_t extent : shape) {
    if (__builtin_mul_overflow(size, static_cast<uint64_t>(extent), &size)) return std::nullopt;
  }
  return size;
}

// Reads one entry of the header. Nothing for a type that no model weight has (integer buffers): it is passed over.
absl::StatusOr<std::optional<StoredTensor>> ParseTensor(const std::string& name, const nlohmann::json& entry,
                                                        std::span<const std::byte> data) {
  if (!entry.is_object() || !entry.contains("dtype") || !entry["dtype"].is_string() || !entry.contains("shape") ||
      !entry["shape"].is_array() || !entry.contains("data_offsets") || !entry["data_offsets"].is_array()) {
    return Invalid(absl::StrCat("tensor '", name, "': needs dtype, shape and data_offsets"));
  }
  StoredTensor tensor;
  for (const auto& extent : entry["shape"]) {
    if (!IsUnsigned(extent) || extent.get<uint64_t>() > static_cast<uint64_t>(INT64_MAX)) {
      return Invalid(absl::StrCat("tensor '", name, "': shape has an extent that is no size"));
    }
    tensor.shape.push_back(extent.get<int64_t>());
  }
  const auto& offsets = entry["data_offsets"];
  if (offsets.size() != 2 || !IsUnsigned(offsets[0]) || !IsUnsigned(offsets[1])) {
    return Invalid(absl::StrCat("tensor '", name, "': data_offsets must be two sizes"));
  }
  const uint64_t begin = offsets[0].get<uint64_t>(), end = offsets[1].get<uint64_t>();
  if (begin > end || end > data.size()) {
    return Invalid(absl::StrFormat("tensor '%s': data_offsets [%d, %d) lie outside the file's %d data bytes", name,
                                   begin, end, data.size()));
  }
  tensor.bytes = data.subspan(begin, end - begin);
  const auto dtype = ParseDType(entry["dtype"].get<std::string>());
  if (!dtype) return std::optional<StoredTensor>();
  tensor.dtype = dtype->dtype;
  const auto expected = ByteSize(tensor.shape, dtype->size);
  if (!expected || *expected != end - begin) {
    return Invalid(absl::StrFormat("tensor '%s': %d bytes do not fit its shape and type", name, end - begin));
  }
  return std::optional<StoredTensor>(std::move(tensor));
}

absl::Status CheckNoOverlap(const std::map<std::string, StoredTensor>& tensors) {
  std::vector<std::pair<const std::byte*, const std::pair<const std::string, StoredTensor>*>> order;
  for (const auto& named : tensors) {
    if (!named.second.bytes.empty()) order.emplace_back(named.second.bytes.data(), &named);
  }
  std::sort(order.begin(), order.end());
  for (size_t i = 1; i < order.size(); ++i) {
    const auto& [previous_name, previous] = *order[i - 1].second;
    if (previous.bytes.data() + previous.bytes.size() > order[i].first) {
      return Invalid(absl::StrCat("tensors '", previous_name, "' and '", order[i].second->first, "' overlap"));
    }
  }
  return absl::OkStatus();
}

// False with errno 0 if the file ends before `size` bytes.
bool ReadWhole(int fd, char* to, size_t size) {
  while (size > 0) {
    const ssize_t count = read(fd, to, size);
    if (count < 0 && errno == EINTR) continue;
    if (count == 0) errno = 0;
    if (count <= 0) return false;
    to += count;
    size -= static_cast<size_t>(count);
  }
  return true;
}

}  // namespace

absl::StatusOr<std::map<std::string, StoredTensor>> SafetensorsFile::Parse(std::span<const std::byte> file,
                                                                           std::set<std::string>* others) {
  uint64_t header_size = 0;
  if (file.size() < sizeof(header_size)) return Invalid("file is shorter than its 8-byte header length");
  std::memcpy(&header_size, file.data(), sizeof(header_size));
  if (header_size > kMaxHeaderBytes || header_size > file.size() - sizeof(header_size)) {
    return Invalid(
        absl::StrFormat("header length %d exceeds the file or the limit of %d bytes", header_size, kMaxHeaderBytes));
  }
  const char* header_text = reinterpret_cast<const char*>(file.data() + sizeof(header_size));
  const auto header =
      nlohmann::json::parse(header_text, header_text + header_size, nullptr, /*allow_exceptions=*/false);
  if (!header.is_object()) return Invalid("header is not a JSON object");

  const auto data = file.subspan(sizeof(header_size) + header_size);
  std::map<std::string, StoredTensor> tensors;
  for (const auto& [name, entry] : header.items()) {
    if (name == "__metadata__") continue;
    ABSL_ASSIGN_OR_RETURN(auto tensor, ParseTensor(name, entry, data));
    if (tensor) {
      tensors.emplace(name, *std::move(tensor));
    } else if (others != nullptr) {
      others->insert(name);
    }
  }
  ABSL_RETURN_IF_ERROR(CheckNoOverlap(tensors));
  return tensors;
}

absl::StatusOr<std::shared_ptr<const SafetensorsFile>> SafetensorsFile::Open(const std::string& path,
                                                                             FileAccess access) {
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return absl::NotFoundError(absl::StrCat("cannot open ", path, ": ", std::strerror(errno)));
  const absl::Cleanup close_fd = [fd] { close(fd); };
  struct stat info = {};
  if (fstat(fd, &info) != 0 || !S_ISREG(info.st_mode)) return Invalid(absl::StrCat(path, " is not a regular file"));
  if (info.st_size == 0) return Invalid(absl::StrCat(path, " is empty"));
  const size_t size = static_cast<size_t>(info.st_size);
  // Pages of its own, not malloc's, go back to the system when the file has served.
  void* address = access == FileAccess::kMap
                      ? mmap(nullptr, size, PROT_READ, MAP_SHARED | MAP_POPULATE, fd, 0)
                      : mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (address == MAP_FAILED) return absl::ResourceExhaustedError(absl::StrCat("no memory for ", path));
  std::shared_ptr<SafetensorsFile> file(new SafetensorsFile({static_cast<const std::byte*>(address), size}));
  if (access == FileAccess::kRead && !ReadWhole(fd, static_cast<char*>(address), size)) {
    return Invalid(absl::StrCat(path, " cannot be read whole: ", errno == 0 ? "it has shrunk" : std::strerror(errno)));
  }
  auto tensors = Parse(file->bytes_, &file->others_);
  if (!tensors.ok()) return absl::Status(tensors.status().code(), absl::StrCat(path, ": ", tensors.status().message()));
  file->tensors_ = *std::move(tensors);
  return file;
}

SafetensorsFile::~SafetensorsFile() { munmap(const_cast<std::byte*>(bytes_.data()), bytes_.size()); }

}  // namespace limpid::engine
