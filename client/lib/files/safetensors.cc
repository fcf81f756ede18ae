#include "lib/files/safetensors.h"

#include <algorithm>
#include <cstdint>
#include <vector>

#include "lib/files/output_file.h"
#include "lib/json.h"

namespace limpid::client {
namespace {

constexpr size_t kAlignment = 8;

const char* Name(DType dtype) {
  switch (dtype) {
    case DType::kFloat16:
      return "F16";
    case DType::kFloat32:
      return "F32";
    case DType::kUInt16:
      return "U16";
    case DType::kInt32:
      return "I32";
    case DType::kUInt32:
      return "U32";
    case DType::kBool:
      return "BOOL";
  }
  return "";
}

size_t ElementBytes(DType dtype) {
  if (dtype == DType::kBool) return 1;
  return dtype == DType::kFloat16 || dtype == DType::kUInt16 ? 2 : 4;
}

}  // namespace

absl::StatusOr<uint64_t> WriteSafetensors(const ExplanationArrays& arrays, const std::string& path) {
  // The format allows no gap between arrays: those of wide elements go first, so that all are aligned.
  std::vector<const Array*> ordered;
  for (const Array& array : arrays.arrays) ordered.push_back(&array);
  std::stable_sort(ordered.begin(), ordered.end(),
                   [](const Array* a, const Array* b) { return ElementBytes(a->dtype) > ElementBytes(b->dtype); });

  Json header;
  for (const TextArray& text : arrays.texts) {
    std::string list = Dump(Json(text.values), /*indent=*/-1);
    list.pop_back();
    header["__metadata__"][text.name] = std::move(list);
  }
  uint64_t offset = 0;
  for (const Array* array : ordered) {
    header[array->name] = {{"dtype", Name(array->dtype)},
                           {"shape", array->shape},
                           {"data_offsets", {offset, offset + array->bytes.size()}}};
    offset += array->bytes.size();
  }
  std::string text = Dump(header, /*indent=*/-1);
  text.back() = ' ';
  text.append((kAlignment - text.size() % kAlignment) % kAlignment, ' ');
  const uint64_t length = text.size();

  absl::StatusOr<OutputFile> file = OutputFile::Create(path);
  if (!file.ok()) return file.status();
  file->Write({reinterpret_cast<const char*>(&length), sizeof(length)});
  file->Write(text);
  for (const Array* array : ordered) file->Write(array->bytes);
  if (const absl::Status committed = file->Commit(); !committed.ok()) return committed;
  return file->size();
}

}  // namespace limpid::client
