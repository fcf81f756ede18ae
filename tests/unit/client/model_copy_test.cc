#include "lib/sanity/model_copy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lib/sanity/stored_weights.h"
#include "unit/client/stored_model.h"

namespace limpid::client {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

// A snapshot of Hugging Face's cache: nothing but links to read-only files.
TEST(ModelCopy, OfLinksCanBeChangedWithoutTouchingTheModel) {
  const fs::path blobs = StoredFolder("blobs"), folder = limpid_test::Scratch() / "snapshot",
                 copy = limpid_test::Scratch() / "copy";
  for (const fs::path& old : {folder, copy}) fs::remove_all(old);
  WriteFile(blobs / "config", "{}");
  fs::permissions(blobs / "model.safetensors", fs::perms::owner_read);
  fs::create_directory(folder);
  fs::create_symlink("../blobs/model.safetensors", folder / "model.safetensors");
  fs::create_symlink("../blobs/config", folder / "config.json");

  ASSERT_TRUE(CopyModel(folder, copy).ok());
  const std::vector<StoredTensor> tensors = ReadStoredTensors(copy).value();
  for (const StoredTensor& tensor : tensors) {
    ASSERT_TRUE(ShuffleStoredTensor(copy / "model.safetensors", tensor, 1).ok());
  }

  EXPECT_EQ(ReadFile(folder / "model.safetensors"), StoredModel());
  EXPECT_NE(ReadFile(copy / "model.safetensors"), StoredModel());
  EXPECT_TRUE(fs::is_symlink(copy / "config.json"));
  EXPECT_EQ(ReadFile(copy / "config.json"), "{}");
}

TEST(ModelCopy, FailuresNameTheFolder) {
  const absl::Status copied = CopyModel(limpid_test::Scratch() / "none", limpid_test::Scratch() / "copy_of_none");

  EXPECT_EQ(copied.code(), absl::StatusCode::kUnknown);
  EXPECT_THAT(std::string(copied.message()), HasSubstr("none"));
}

}  // namespace
}  // namespace limpid::client
