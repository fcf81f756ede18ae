#include "base/file_watcher.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "support/scratch.h"
#include "support/status_matchers.h"

namespace limpid::base {
namespace {

using ::limpid::testing::StatusIs;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

void Write(const std::filesystem::path& path, const std::string& text) { std::ofstream(path) << text; }

// What a watcher has told, in order. Thread-safe.
class Told {
 public:
  FileWatcher::OnChange Callback() {
    return [this](const absl::StatusOr<FileWatcher::Contents>& contents) {
      absl::MutexLock lock(&mutex_);
      told_.push_back(contents);
    };
  }
  absl::StatusOr<FileWatcher::Contents> Await(size_t index) {
    absl::MutexLock lock(&mutex_);
    auto is_there = [&] { return told_.size() > index; };
    mutex_.Await(absl::Condition(&is_there));
    return told_[index];
  }
  size_t size() {
    absl::MutexLock lock(&mutex_);
    return told_.size();
  }

 private:
  absl::Mutex mutex_;
  std::vector<absl::StatusOr<FileWatcher::Contents>> told_;
};

class FileWatcherTest : public ::testing::Test {
 protected:
  FileWatcherTest()
      : folder_(limpid_test::Scratch() / ::testing::UnitTest::GetInstance()->current_test_info()->name()) {
    std::filesystem::create_directories(folder_);
  }

  const std::filesystem::path folder_;
  Told told_;
  FileWatcher watcher_{absl::Milliseconds(5)};
};

TEST_F(FileWatcherTest, TellsWhatIsThereNowAndEachLaterStateOnce) {
  Write(folder_ / "a", "1");
  Write(folder_ / "b", "2");
  EXPECT_THAT(*watcher_.Watch({folder_ / "a", folder_ / "b"}, told_.Callback()), ElementsAre("1", "2"));
  watcher_.Start();

  Write(folder_ / "b", "3");
  EXPECT_THAT(*told_.Await(0), ElementsAre("1", "3"));
  std::filesystem::remove(folder_ / "a");
  EXPECT_THAT(told_.Await(1), StatusIs(absl::StatusCode::kNotFound, HasSubstr("/a")));
  Write(folder_ / "a", "4");
  EXPECT_THAT(*told_.Await(2), ElementsAre("4", "3"));
  EXPECT_EQ(told_.size(), 3);
}

// As Kubernetes exchanges a secret; the time stamps may be older than before.
TEST_F(FileWatcherTest, SeesALinkThatWasTurned) {
  Write(folder_ / "old", "old");
  Write(folder_ / "new", "new");
  std::filesystem::last_write_time(folder_ / "new", std::filesystem::file_time_type::min());
  std::filesystem::create_symlink("old", folder_ / "link");
  ASSERT_TRUE(watcher_.Watch({folder_ / "link"}, told_.Callback()).ok());
  watcher_.Start();

  std::filesystem::create_symlink("new", folder_ / "next");
  std::filesystem::rename(folder_ / "next", folder_ / "link");

  EXPECT_THAT(*told_.Await(0), ElementsAre("new"));
}

TEST_F(FileWatcherTest, RefusesWhatItCannotRead) {
  Write(folder_ / "large", std::string(FileWatcher::kMaxFileBytes + 1, 'x'));

  EXPECT_THAT(watcher_.Watch({folder_ / "missing"}, told_.Callback()),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("missing")));
  EXPECT_THAT(watcher_.Watch({folder_}, told_.Callback()),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr(folder_.string())));
  EXPECT_THAT(watcher_.Watch({folder_ / "large"}, told_.Callback()),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("1048576 bytes")));
}

}  // namespace
}  // namespace limpid::base
