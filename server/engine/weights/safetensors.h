#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace limpid::engine {

enum class DType { kF32, kF16, kBF16 };

// A tensor as it lies in the file, row-major little-endian.
struct StoredTensor {
  DType dtype = DType::kF32;
  std::vector<int64_t> shape;
  std::span<const std::byte> bytes;
};

enum class FileAccess {
  kRead,  // into memory of our own: what was hashed and checked is what is used, whatever becomes of the file on disk
  kMap,   // pages shared with whoever maps the file; one that is truncated later ends the process with SIGBUS
};

// A safetensors file. Immutable; the tensors point into its memory and live as long as this object. Format: u64 header
// length, JSON header, data (github.com/huggingface/safetensors).
class SafetensorsFile {
 public:
  // NOT_FOUND if the file cannot be opened; RESOURCE_EXHAUSTED if there is no memory for it; INVALID_ARGUMENT, naming
  // the tensor and what is wrong with it, unless every tensor lies inside the file, has the size its shape and type ask
  // for, and overlaps no other.
  static absl::StatusOr<std::shared_ptr<const SafetensorsFile>> Open(const std::string& path,
                                                                     FileAccess access = FileAccess::kRead);

  // Parses bytes that stay alive elsewhere (tests, fuzzing). Same checks. Names of tensors that are passed over, as no
  // model weight is of their type (integer buffers), go into `others`.
  static absl::StatusOr<std::map<std::string, StoredTensor>> Parse(std::span<const std::byte> file,
                                                                   std::set<std::string>* others = nullptr);

  ~SafetensorsFile();
  SafetensorsFile(const SafetensorsFile&) = delete;
  SafetensorsFile& operator=(const SafetensorsFile&) = delete;

  const std::map<std::string, StoredTensor>& tensors() const { return tensors_; }
  // Whether the file has a tensor of that name, of whatever type.
  bool Has(const std::string& name) const { return tensors_.contains(name) || others_.contains(name); }
  std::span<const std::byte> bytes() const { return bytes_; }

 private:
  explicit SafetensorsFile(std::span<const std::byte> bytes) : bytes_(bytes) {}

  const std::span<const std::byte> bytes_;
  std::map<std::string, StoredTensor> tensors_;
  std::set<std::string> others_;
};

}  // namespace limpid::engine
