#include "lib/files/output_file.h"

#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"

namespace limpid::client {
namespace {

absl::Status CannotWrite(const std::string& path) {
  return absl::UnknownError(absl::StrCat("cannot write ", path, ": ", std::strerror(errno)));
}

}  // namespace

absl::StatusOr<OutputFile> OutputFile::Create(const std::string& path) {
  std::string part_path = absl::StrCat(path, ".", getpid(), ".part");
  errno = 0;
  std::ofstream stream(part_path, std::ios::binary);
  if (!stream) return CannotWrite(path);
  return OutputFile(path, std::move(part_path), std::move(stream));
}

OutputFile::OutputFile(std::string path, std::string part_path, std::ofstream stream)
    : path_(std::move(path)), part_path_(std::move(part_path)), stream_(std::move(stream)) {}

// A moved-from string need not be empty.
OutputFile::OutputFile(OutputFile&& other) noexcept
    : path_(std::move(other.path_)),
      part_path_(std::exchange(other.part_path_, "")),
      stream_(std::move(other.stream_)),
      size_(other.size_) {}

OutputFile::~OutputFile() {
  if (!part_path_.empty()) std::remove(part_path_.c_str());
}

void OutputFile::Write(std::string_view bytes) {
  stream_.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  size_ += bytes.size();
}

absl::Status OutputFile::Commit() {
  stream_.close();
  if (stream_.fail() || std::rename(part_path_.c_str(), path_.c_str()) != 0) return CannotWrite(path_);
  part_path_.clear();
  return absl::OkStatus();
}

absl::Status WriteFile(const std::string& path, std::string_view bytes) {
  absl::StatusOr<OutputFile> file = OutputFile::Create(path);
  if (!file.ok()) return file.status();
  file->Write(bytes);
  return file->Commit();
}

}  // namespace limpid::client
