#include "lifecycle/hub_cache.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "support/scratch.h"
#include "support/status_matchers.h"

namespace limpid::lifecycle {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using testing::StatusIs;

class HubCacheTest : public ::testing::Test {
 protected:
  HubCacheTest() {
    fs::remove_all(cache_);
    fs::create_directories(cache_ / "refs");
    AddSnapshot("aaa");
  }

  void AddSnapshot(const std::string& commit) {
    fs::create_directories(cache_ / "snapshots" / commit);
    std::ofstream(cache_ / "snapshots" / commit / "config.json") << "{}";
  }
  void PointMainAt(const std::string& text) { std::ofstream(cache_ / "refs/main") << text; }
  auto Found() const { return FindSnapshot(cache_.string()); }

  const fs::path cache_ = limpid_test::Scratch() / "models--org--name";
};

TEST_F(HubCacheTest, AFolderThatIsNoCacheIsItself) {
  for (const std::string& folder : {std::string("/nowhere"), (cache_ / "snapshots/aaa").string()}) {
    EXPECT_EQ(FindSnapshot(folder).value(), folder);
  }
  std::ofstream(cache_ / "config.json") << "{}";
  EXPECT_EQ(Found().value(), cache_.string()) << "a model folder that happens to have snapshots";
}

TEST_F(HubCacheTest, TheSnapshotIsThatOfMain) {
  AddSnapshot("bbb");
  PointMainAt("bbb");
  EXPECT_EQ(Found().value(), (cache_ / "snapshots/bbb").string());
  PointMainAt("aaa\n");
  EXPECT_EQ(Found().value(), (cache_ / "snapshots/aaa").string());
}

TEST_F(HubCacheTest, WithoutMainItIsTheOnlyOne) {
  EXPECT_EQ(Found().value(), (cache_ / "snapshots/aaa").string());
  AddSnapshot("bbb");
  EXPECT_THAT(Found(), StatusIs(absl::StatusCode::kNotFound, HasSubstr("--name: has no refs/main and 2 snapshots")));
  fs::remove_all(cache_ / "snapshots/aaa");
  fs::remove_all(cache_ / "snapshots/bbb");
  EXPECT_THAT(Found(), StatusIs(absl::StatusCode::kNotFound, HasSubstr("0 snapshots")));
}

TEST_F(HubCacheTest, AMainThatNamesNoSnapshotIsRefused) {
  for (const char* text : {"", "ccc", "../aaa", ".", "..", "aaa/../aaa", "/etc"}) {
    PointMainAt(text);
    EXPECT_THAT(Found(), StatusIs(absl::StatusCode::kNotFound, HasSubstr("refs/main: names no folder"))) << text;
  }
}

TEST_F(HubCacheTest, ALinkForASnapshotIsRefused) {
  fs::create_directory_symlink(cache_ / "snapshots/aaa", cache_ / "snapshots/bbb");
  PointMainAt("bbb");
  EXPECT_THAT(Found(), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("snapshots/bbb: must be no link")));
  PointMainAt("aaa");
  fs::rename(cache_ / "snapshots", cache_ / "elsewhere");
  fs::create_directory_symlink(cache_ / "elsewhere", cache_ / "snapshots");
  EXPECT_THAT(Found(), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("must be no link")));
}

TEST_F(HubCacheTest, TheCacheItselfMayBeReachedByALink) {
  const fs::path link = limpid_test::Scratch() / "link";
  fs::remove(link);
  fs::create_directory_symlink(cache_, link);
  EXPECT_EQ(FindSnapshot(link.string()).value(), (link / "snapshots/aaa").string());
  EXPECT_EQ(FindSnapshot(cache_.string() + "/").value(), (cache_ / "snapshots/aaa").string());
}

}  // namespace
}  // namespace limpid::lifecycle
