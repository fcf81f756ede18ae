#pragma once

#include <cstdint>
#include <fstream>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "lib/texts/text_source.h"

namespace limpid::client {

// A file of texts, open.
struct TextFile {
  std::ifstream stream;
  std::unique_ptr<TextSource> source;  // reads `stream`
  uint64_t bytes = 0;
};

// `format` as ChooseFormat has it. UNKNOWN with the system's reason if the file cannot be read.
absl::StatusOr<std::unique_ptr<TextFile>> OpenTextFile(const std::string& path, const std::string& format,
                                                       const TextColumns& columns);

}  // namespace limpid::client
