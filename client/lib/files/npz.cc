#include "lib/files/npz.h"

#include <zlib.h>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "lib/files/output_file.h"
#include "lib/utf8.h"

namespace limpid::client {
namespace {

// Numbers of PKWARE's APPNOTE 6.3.9, sections 4.3.7, 4.3.12 and 4.3.16.
constexpr uint32_t kLocalHeader = 0x04034b50, kCentralHeader = 0x02014b50, kEndOfCentralDirectory = 0x06054b50;
constexpr uint16_t kVersion = 20, kUtf8Names = 1 << 11, kStored = 0;
// 1980-01-01 00:00: the same answer makes the same file.
constexpr uint16_t kTime = 0, kDate = 1 << 5 | 1;
constexpr uint64_t kMaxBytes = std::numeric_limits<uint32_t>::max();

constexpr size_t kNpyAlignment = 64;

void Append16(uint16_t value, std::string* out) {
  out->push_back(static_cast<char>(value & 0xFF));
  out->push_back(static_cast<char>(value >> 8));
}

void Append32(uint32_t value, std::string* out) {
  Append16(static_cast<uint16_t>(value & 0xFFFF), out);
  Append16(static_cast<uint16_t>(value >> 16), out);
}

struct Entry {
  std::string name;
  uint32_t crc = 0;
  uint32_t size = 0;
  uint32_t offset = 0;
};

// The fields that both kinds of header share, from "version needed" to "extra field length".
void AppendCommonFields(const Entry& entry, std::string* out) {
  for (const uint16_t value : {kVersion, kUtf8Names, kStored, kTime, kDate}) Append16(value, out);
  for (const uint32_t value : {entry.crc, entry.size, entry.size}) Append32(value, out);
  Append16(static_cast<uint16_t>(entry.name.size()), out);
  Append16(0, out);
}

class StoredZip {
 public:
  explicit StoredZip(OutputFile* file) : file_(file) {}

  // An entry of `header` followed by `bytes`.
  absl::Status Add(const std::string& name, std::string_view header, std::string_view bytes) {
    const uint64_t size = uint64_t{header.size()} + bytes.size();
    if (file_->size() + size > kMaxBytes) {
      return absl::OutOfRangeError(absl::StrCat("--npz: ", name, " goes beyond the 4 GiB of an .npz file; ",
                                                "use --safetensors, fewer --attention layers, or fp16"));
    }
    Entry entry{name, 0, static_cast<uint32_t>(size), static_cast<uint32_t>(file_->size())};
    entry.crc = static_cast<uint32_t>(Crc(Crc(crc32_z(0, nullptr, 0), header), bytes));
    std::string local;
    Append32(kLocalHeader, &local);
    AppendCommonFields(entry, &local);
    for (std::string_view piece : {std::string_view(local), std::string_view(entry.name), header, bytes}) {
      file_->Write(piece);
    }
    entries_.push_back(std::move(entry));
    return absl::OkStatus();
  }

  absl::Status Finish() {
    std::string directory;
    for (const Entry& entry : entries_) {
      Append32(kCentralHeader, &directory);
      Append16(kVersion, &directory);
      AppendCommonFields(entry, &directory);
      for (int zero = 0; zero < 3; ++zero) Append16(0, &directory);  // comment, disk, internal attributes
      Append32(0, &directory);                                       // external attributes
      Append32(entry.offset, &directory);
      directory += entry.name;
    }
    if (file_->size() + directory.size() > kMaxBytes) return absl::OutOfRangeError("--npz: beyond 4 GiB");
    const auto begin = static_cast<uint32_t>(file_->size()), size = static_cast<uint32_t>(directory.size());
    Append32(kEndOfCentralDirectory, &directory);
    for (int zero = 0; zero < 2; ++zero) Append16(0, &directory);  // number of this disk, of the directory's disk
    for (int both = 0; both < 2; ++both) Append16(static_cast<uint16_t>(entries_.size()), &directory);
    Append32(size, &directory);
    Append32(begin, &directory);
    Append16(0, &directory);  // comment
    file_->Write(directory);
    return absl::OkStatus();
  }

 private:
  static uLong Crc(uLong crc, std::string_view bytes) {
    return crc32_z(crc, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size());
  }

  OutputFile* const file_;
  std::vector<Entry> entries_;
};

// numpy.lib.format version 1.0: magic, length, a Python literal padded so that the data is aligned.
std::string NpyHeader(const std::string& descr, const std::vector<size_t>& shape) {
  std::string dims;
  for (const size_t size : shape) absl::StrAppend(&dims, size, ",");
  std::string literal = absl::StrCat("{'descr': '", descr, "', 'fortran_order': False, 'shape': (", dims, "), }");
  const size_t before = 10 + literal.size() + 1;
  literal.append((kNpyAlignment - before % kNpyAlignment) % kNpyAlignment, ' ');
  literal += '\n';
  std::string header("\x93NUMPY\x01\x00", 8);
  Append16(static_cast<uint16_t>(literal.size()), &header);
  return header + literal;
}

const char* Descr(DType dtype) {
  switch (dtype) {
    case DType::kFloat16:
      return "<f2";
    case DType::kFloat32:
      return "<f4";
    case DType::kUInt16:
      return "<u2";
    case DType::kInt32:
      return "<i4";
    case DType::kUInt32:
      return "<u4";
    case DType::kBool:
      return "|b1";
  }
  return "";
}

// numpy's fixed-width Unicode: UTF-32, each value padded with zeros to the longest.
absl::Status AddText(const TextArray& text, StoredZip* zip) {
  std::vector<std::u32string> decoded;
  size_t width = 1;
  for (std::string_view value : text.values) {
    std::u32string& points = decoded.emplace_back();
    for (size_t i = 0; i < value.size();) {
      const CodePoint point = FirstCodePoint(value.substr(i));
      points.push_back(point.value);
      i += point.length;
    }
    width = std::max(width, points.size());
  }
  std::string bytes;
  bytes.reserve(decoded.size() * width * 4);
  for (std::u32string& points : decoded) {
    points.resize(width);
    for (const char32_t point : points) Append32(point, &bytes);
  }
  return zip->Add(text.name + ".npy", NpyHeader(absl::StrCat("<U", width), {decoded.size()}), bytes);
}

}  // namespace

absl::StatusOr<uint64_t> WriteNpz(const ExplanationArrays& arrays, const std::string& path) {
  absl::StatusOr<OutputFile> file = OutputFile::Create(path);
  if (!file.ok()) return file.status();
  StoredZip zip(&*file);
  for (const TextArray& text : arrays.texts) {
    if (const absl::Status added = AddText(text, &zip); !added.ok()) return added;
  }
  for (const Array& array : arrays.arrays) {
    const std::string header = NpyHeader(Descr(array.dtype), array.shape);
    if (const absl::Status added = zip.Add(array.name + ".npy", header, array.bytes); !added.ok()) return added;
  }
  if (const absl::Status finished = zip.Finish(); !finished.ok()) return finished;
  if (const absl::Status committed = file->Commit(); !committed.ok()) return committed;
  return file->size();
}

}  // namespace limpid::client
