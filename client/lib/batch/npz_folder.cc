#include "lib/batch/npz_folder.h"

#include <algorithm>
#include <filesystem>
#include <system_error>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "lib/files/explanation_arrays.h"
#include "lib/files/npz.h"

namespace limpid::client {
namespace {

namespace fs = std::filesystem;

// What OutputFile calls one of our files until it is whole: 000000012.npz.4711.part.
bool IsUnfinished(const fs::path& path) {
  const fs::path npz = path.stem().stem();
  const std::string index = npz.stem().string();
  return path.extension() == ".part" && npz.extension() == ".npz" && !index.empty() &&
         std::ranges::all_of(index, absl::ascii_isdigit);
}

}  // namespace

absl::StatusOr<NpzFolder> NpzFolder::Open(const std::string& path) {
  std::error_code error;
  fs::create_directories(path, error);
  std::vector<fs::path> unfinished;
  for (fs::directory_iterator file(path, error), end; !error && file != end; file.increment(error)) {
    if (IsUnfinished(file->path())) unfinished.push_back(file->path());
  }
  for (size_t i = 0; !error && i < unfinished.size(); ++i) fs::remove(unfinished[i], error);
  if (error) return absl::UnknownError(absl::StrCat("--npz: cannot use ", path, ": ", error.message()));
  return NpzFolder(path);
}

absl::Status NpzFolder::Write(size_t index, const v1::ExplainRequest& request, const Explanation& explanation) const {
  return WriteNpz(MakeArrays(request, explanation), absl::StrFormat("%s/%09d.npz", path_, index)).status();
}

}  // namespace limpid::client
