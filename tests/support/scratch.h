#pragma once

#include <unistd.h>

#include <filesystem>
#include <string>

namespace limpid_test {

// A folder of this process alone: ctest runs the tests of one binary side by side. Removed when the process ends.
inline const std::filesystem::path& Scratch() {
  struct Folder {
    const std::filesystem::path path =
        std::filesystem::temp_directory_path() / ("limpid_test_" + std::to_string(getpid()));
    Folder() { std::filesystem::create_directories(path); }
    ~Folder() {
      std::error_code ignored;
      std::filesystem::remove_all(path, ignored);
    }
  };
  static const Folder folder;
  return folder.path;
}

}  // namespace limpid_test
