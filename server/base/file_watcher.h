#pragma once

#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

namespace limpid::base {

// Tells when files have new contents, however they came: overwritten, renamed over, or behind a symbolic link that was
// turned (as Kubernetes does with secrets). It reads instead of trusting time stamps, so it is for a few small files.
// One thread, named "files", reads them once an interval and runs the callbacks; the destructor waits for one that
// runs. Watch and Start belong to one thread.
class FileWatcher {
 public:
  // In the order of the paths.
  using Contents = std::vector<std::string>;
  using OnChange = std::function<void(const absl::StatusOr<Contents>&)>;

  static constexpr size_t kMaxFileBytes = 1 << 20;

  explicit FileWatcher(absl::Duration interval);
  ~FileWatcher();
  FileWatcher(const FileWatcher&) = delete;
  FileWatcher& operator=(const FileWatcher&) = delete;

  // What the files hold now; NOT_FOUND, or INVALID_ARGUMENT for more than kMaxFileBytes, naming the file. If all could
  // be read, `on_change` gets what they hold later, each state once, and the status when one cannot be read any more. A
  // state counts when it was the same two intervals in a row: files are seldom written in one piece. Before Start.
  absl::StatusOr<Contents> Watch(std::vector<std::string> paths, OnChange on_change);

  // From here on changes are told. Once.
  void Start();

 private:
  struct Group {
    std::vector<std::string> paths;
    OnChange on_change;
    absl::StatusOr<Contents> told, last_read;
  };

  void Run();
  static void Check(Group* group);

  const absl::Duration interval_;
  std::vector<Group> groups_;  // the thread's, once there is one
  absl::Mutex mutex_;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::jthread thread_;
};

}  // namespace limpid::base
