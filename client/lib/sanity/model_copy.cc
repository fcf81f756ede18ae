#include "lib/sanity/model_copy.h"

#include "absl/strings/str_cat.h"

namespace limpid::client {

namespace fs = std::filesystem;

absl::Status CopyModel(const fs::path& folder, const fs::path& copy) {
  constexpr char kWeights[] = "model.safetensors";
  try {
    fs::create_directory(copy);
    for (const fs::directory_entry& entry : fs::directory_iterator(fs::absolute(folder))) {
      if (entry.path().filename() != kWeights) fs::create_symlink(entry.path(), copy / entry.path().filename());
    }
    // Follows links: folders of Hugging Face's cache consist of them.
    fs::copy_file(folder / kWeights, copy / kWeights);
    fs::permissions(copy / kWeights, fs::perms::owner_read | fs::perms::owner_write);
  } catch (const fs::filesystem_error& error) {
    return absl::UnknownError(
        absl::StrCat("cannot copy ", folder.string(), " to ", copy.string(), ": ", error.code().message()));
  }
  return absl::OkStatus();
}

}  // namespace limpid::client
