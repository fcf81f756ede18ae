#include "lib/batch/npz_folder.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <vector>

#include "lib/files/explanation_arrays.h"
#include "lib/files/npz.h"
#include "support/scratch.h"
#include "unit/client/sample_answer.h"

namespace limpid::client {
namespace {

namespace fs = std::filesystem;

std::string Contents(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

TEST(NpzFolder, HasWhatExplainWritesUnderTheTextsIndex) {
  const fs::path folder = limpid_test::Scratch() / "arrays" / "of";
  const absl::StatusOr<NpzFolder> arrays = NpzFolder::Open(folder);
  ASSERT_TRUE(arrays.ok()) << arrays.status();

  ASSERT_TRUE(arrays->Write(12, SampleRequest(), SampleExplanation()).ok());

  const fs::path alone = limpid_test::Scratch() / "alone.npz";
  const Explanation explanation = SampleExplanation();
  ASSERT_TRUE(WriteNpz(MakeArrays(SampleRequest(), explanation), alone).ok());
  EXPECT_EQ(Contents(folder / "000000012.npz"), Contents(alone));
}

TEST(NpzFolder, RemovesWhatAKilledRunLeftAndNothingElse) {
  const fs::path folder = limpid_test::Scratch() / "killed";
  fs::create_directories(folder);
  const std::vector<const char*> kept = {"000000001.npz", "notes.npz.7.part", "000000002.part", "1.txt.7.part"};
  for (const char* name : kept) std::ofstream(folder / name) << "x";
  std::ofstream(folder / "000000003.npz.4711.part") << "x";

  ASSERT_TRUE(NpzFolder::Open(folder).ok());

  EXPECT_FALSE(fs::exists(folder / "000000003.npz.4711.part"));
  for (const char* name : kept) EXPECT_TRUE(fs::exists(folder / name)) << name;
}

TEST(NpzFolder, SaysWhyAFolderCannotBeUsed) {
  const fs::path file = limpid_test::Scratch() / "file";
  std::ofstream(file) << "x";

  EXPECT_TRUE(absl::IsUnknown(NpzFolder::Open(file).status()));
}

}  // namespace
}  // namespace limpid::client
