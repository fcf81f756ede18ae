#include "base/file_watcher.h"

#include <pthread.h>

#include <fstream>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"

namespace limpid::base {
namespace {

absl::StatusOr<std::string> ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  // One byte more than allowed tells whether there is more.
  std::string text(FileWatcher::kMaxFileBytes + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  // A folder opens, too, but reading it fails.
  if (!file.eof() && !file) return absl::NotFoundError(absl::StrCat("cannot read ", path));
  text.resize(static_cast<size_t>(file.gcount()));
  if (text.size() > FileWatcher::kMaxFileBytes) {
    return absl::InvalidArgumentError(absl::StrCat(path, " has more than ", FileWatcher::kMaxFileBytes, " bytes"));
  }
  return text;
}

absl::StatusOr<FileWatcher::Contents> ReadFiles(const std::vector<std::string>& paths) {
  FileWatcher::Contents contents;
  for (const std::string& path : paths) {
    ABSL_ASSIGN_OR_RETURN(std::string text, ReadFile(path));
    contents.push_back(std::move(text));
  }
  return contents;
}

bool AreSame(const absl::StatusOr<FileWatcher::Contents>& a, const absl::StatusOr<FileWatcher::Contents>& b) {
  return a.status() == b.status() && (!a.ok() || *a == *b);
}

}  // namespace

FileWatcher::FileWatcher(absl::Duration interval) : interval_(interval) {}

FileWatcher::~FileWatcher() {
  absl::MutexLock lock(&mutex_);
  stopping_ = true;
}

absl::StatusOr<FileWatcher::Contents> FileWatcher::Watch(std::vector<std::string> paths, OnChange on_change) {
  ABSL_ASSIGN_OR_RETURN(Contents contents, ReadFiles(paths));
  groups_.push_back({std::move(paths), std::move(on_change), contents, contents});
  return contents;
}

void FileWatcher::Start() {
  thread_ = std::jthread([this] { Run(); });
  pthread_setname_np(thread_.native_handle(), "files");
}

void FileWatcher::Run() {
  while (true) {
    {
      absl::MutexLock lock(&mutex_);
      if (mutex_.AwaitWithTimeout(absl::Condition(&stopping_), interval_)) return;
    }
    for (Group& group : groups_) Check(&group);
  }
}

void FileWatcher::Check(Group* group) {
  absl::StatusOr<Contents> now = ReadFiles(group->paths);
  if (!AreSame(now, group->told) && AreSame(now, group->last_read)) {
    group->told = now;
    group->on_change(now);
  }
  group->last_read = std::move(now);
}

}  // namespace limpid::base
