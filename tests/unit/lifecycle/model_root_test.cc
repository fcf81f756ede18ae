#include "lifecycle/model_root.h"

#include <filesystem>
#include <fstream>

#include "lifecycle_test_base.h"
#include "support/scratch.h"

namespace limpid::lifecycle {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::HasSubstr;
using testing::IsOk;
using ::testing::Not;
using testing::StatusIs;

class ModelRootTest : public ::testing::Test {
 protected:
  ModelRootTest() {
    fs::remove_all(base_);
    for (const char* folder : {"root/a", "root/other", "outside", "rooted"}) fs::create_directories(base_ / folder);
    for (const char* file : {"root/a/config.json", "outside/config.json"}) std::ofstream(base_ / file) << "{}";
  }

  void ExpectRefused(const std::string& folder) {
    EXPECT_THAT(ResolveBelow(root_, folder), StatusIs(absl::StatusCode::kInvalidArgument,
                                                      AllOf(HasSubstr("folder: "), Not(HasSubstr(base_.string())))))
        << folder;
  }

  const fs::path base_ = fs::canonical(limpid_test::Scratch()) / "model_root";
  const std::string root_ = (base_ / "root").string();
};

TEST_F(ModelRootTest, TakesFoldersBelowTheRoot) {
  EXPECT_EQ(ResolveBelow(root_, "a").value(), root_ + "/a");
  EXPECT_EQ(ResolveBelow(root_, "other/../a").value(), root_ + "/a");
  EXPECT_EQ(ResolveBelow(root_, root_ + "/a").value(), root_ + "/a");
  EXPECT_EQ(ResolveBelow(root_ + "/", "a").value(), root_ + "/a");
}

TEST_F(ModelRootTest, RefusesWhatIsNotBelowIt) {
  for (const char* folder : {"", ".", "..", "../outside", "a/..", "absent", "a/config.json", "/etc"}) {
    ExpectRefused(folder);
  }
  // Not below it, though it begins alike.
  ExpectRefused((base_ / "rooted").string());
  ExpectRefused(std::string("a\0b", 3));
}

TEST_F(ModelRootTest, FollowsLinksAndRefusesThoseThatLeave) {
  fs::create_symlink(base_ / "root/a", base_ / "root/inner");
  fs::create_symlink(base_ / "outside", base_ / "root/outer");
  EXPECT_EQ(ResolveBelow(root_, "inner").value(), root_ + "/a");
  ExpectRefused("outer");

  fs::create_symlink(base_ / "root/a/config.json", base_ / "root/other/config.json");
  EXPECT_THAT(ResolveBelow(root_, "other"), IsOk());
  fs::create_symlink(base_ / "outside/config.json", base_ / "root/other/tokenizer.json");
  ExpectRefused("other");
}

TEST_F(ModelRootTest, RefusesALinkToNothing) {
  fs::create_symlink(base_ / "root/absent", base_ / "root/a/model.safetensors");

  ExpectRefused("a");
}

}  // namespace
}  // namespace limpid::lifecycle
