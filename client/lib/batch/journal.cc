#include "lib/batch/journal.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "lib/files/output_file.h"

namespace limpid::client {
namespace {

// Longer than what CountLine looks at: {"index": and a number, "error":.
constexpr size_t kBeginningBytes = 64;
constexpr char kAnew[] = "; --overwrite begins anew";

std::string StatePath(const std::string& path) { return path + ".state"; }

absl::Status WriteState(const std::string& path, const Json& state) {
  absl::StatusOr<OutputFile> file = OutputFile::Create(StatePath(path));
  if (!file.ok()) return file.status();
  file->Write(Dump(state));
  return file->Commit();
}

// OK if the lines of `path` were written in this state.
absl::Status CompareState(const std::string& path, const Json& state) {
  std::ifstream file(StatePath(path), std::ios::binary);
  const std::string text(std::istreambuf_iterator<char>(file), {});
  const Json before = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!before.is_object()) {
    return absl::FailedPreconditionError(
        absl::StrCat(path, " is there already, but no ", StatePath(path), " that says what its lines are", kAnew));
  }
  std::vector<std::string> differing;
  for (const auto& [name, value] : state.items()) {
    const auto found = before.find(name);
    if (found == before.end() || Dump(*found) != Dump(value)) differing.push_back(name);
  }
  if (differing.empty()) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat(path, " was begun with another ", absl::StrJoin(differing, ", "),
                                                    " (", StatePath(path), " has it)", kAnew));
}

}  // namespace

absl::StatusOr<Journal> Journal::Open(const std::string& path, const Json& state, Beginning beginning) {
  Journal journal(path, open(path.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0666));
  if (journal.file_ < 0) return journal.Cannot("open");
  if (flock(journal.file_, LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return journal.Cannot("lock");
    return absl::FailedPreconditionError(absl::StrCat("another limpid is writing ", path));
  }
  if (beginning == Beginning::kAnew && ftruncate(journal.file_, 0) != 0) return journal.Cannot("empty");
  std::error_code error;
  if (std::filesystem::file_size(path, error) > 0) {
    if (const absl::Status compared = CompareState(path, state); !compared.ok()) return compared;
    if (const absl::Status counted = journal.CountLines(); !counted.ok()) return counted;
  } else if (const absl::Status written = WriteState(path, state); !written.ok()) {
    return written;
  }
  return journal;
}

Journal::~Journal() {
  if (file_ >= 0) close(file_);
}

Journal::Journal(Journal&& other) noexcept
    : path_(std::move(other.path_)),
      file_(std::exchange(other.file_, -1)),
      num_lines_(other.num_lines_),
      num_failed_(other.num_failed_) {}

absl::Status Journal::Cannot(const char* what) const {
  return absl::UnknownError(absl::StrCat("cannot ", what, " ", path_, ": ", std::strerror(errno)));
}

absl::Status Journal::Append(std::string_view line) {
  while (!line.empty()) {
    const ssize_t written = write(file_, line.data(), line.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return Cannot("write");
    line.remove_prefix(static_cast<size_t>(written));
  }
  return absl::OkStatus();
}

absl::Status Journal::Sync() { return fsync(file_) == 0 ? absl::OkStatus() : Cannot("write"); }

absl::Status Journal::CountLines() {
  std::array<char, 1 << 16> buffer;
  std::string beginning;
  off_t bytes = 0, end_of_lines = 0;
  for (;;) {
    const ssize_t read = pread(file_, buffer.data(), buffer.size(), bytes);
    if (read < 0) return Cannot("read");
    if (read == 0) break;
    std::string_view piece(buffer.data(), static_cast<size_t>(read));
    while (!piece.empty()) {
      const size_t line_end = piece.find('\n');
      beginning += piece.substr(0, std::min(line_end, kBeginningBytes - beginning.size()));
      if (line_end == std::string_view::npos) break;
      if (const absl::Status counted = CountLine(beginning); !counted.ok()) return counted;
      beginning.clear();
      end_of_lines = bytes + (piece.data() - buffer.data()) + static_cast<off_t>(line_end) + 1;
      piece.remove_prefix(line_end + 1);
    }
    bytes += read;
  }
  return ftruncate(file_, end_of_lines) == 0 ? absl::OkStatus() : Cannot("shorten");
}

absl::Status Journal::CountLine(std::string_view beginning) {
  const std::string index = absl::StrCat("{\"index\":", num_lines_, ",");
  if (!beginning.starts_with(index)) {
    return absl::FailedPreconditionError(
        absl::StrCat("line ", num_lines_ + 1, " of ", path_, " is not the result of text ", num_lines_, kAnew));
  }
  ++num_lines_;
  if (beginning.substr(index.size()).starts_with("\"error\":")) ++num_failed_;
  return absl::OkStatus();
}

}  // namespace limpid::client
