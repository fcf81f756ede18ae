#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "lib/json.h"

namespace limpid::client {

// A file of results, a line each, that is its own journal: a run that was ended at any moment, by SIGKILL too, goes on
// behind the last whole line. Beside it lies PATH.state, which says what the lines are the results of. One process at a
// time has the file. Not thread-safe.
//
// Line i begins with {"index":i, and goes on with "error": if that is a failure.
class Journal {
 public:
  enum class Beginning { kGoOn, kAnew };

  // Makes the file, or finds what is there and cuts a torn last line off. FAILED_PRECONDITION if the lines there are
  // not those of `state`, saying what differs; UNKNOWN with the system's reason if the file cannot be used.
  static absl::StatusOr<Journal> Open(const std::string& path, const Json& state, Beginning beginning);

  ~Journal();
  Journal(Journal&& other) noexcept;
  Journal& operator=(Journal&&) = delete;

  // Of what was there.
  size_t num_lines() const { return num_lines_; }
  size_t num_failed() const { return num_failed_; }

  // `line` ends with a line end. When this returns, the line outlives the process.
  absl::Status Append(std::string_view line);
  // The lines outlive the machine's power.
  absl::Status Sync();

 private:
  Journal(std::string path, int file) : path_(std::move(path)), file_(file) {}

  absl::Status Cannot(const char* what) const;
  // Fills in the numbers and takes off what is behind the last line end.
  absl::Status CountLines();
  absl::Status CountLine(std::string_view beginning);

  std::string path_;
  int file_;  // -1 once moved from
  size_t num_lines_ = 0, num_failed_ = 0;
};

}  // namespace limpid::client
