#include "lib/texts/text_file.h"

#include <utility>

#include "lib/files/digest.h"

namespace limpid::client {

absl::StatusOr<std::unique_ptr<TextFile>> OpenTextFile(const std::string& path, const std::string& format,
                                                       const TextColumns& columns) {
  const absl::StatusOr<TextFormat> text_format = ChooseFormat(format, path);
  if (!text_format.ok()) return text_format.status();
  const absl::StatusOr<FileDigest> digest = DigestFile(path);  // says so if it cannot be read
  if (!digest.ok()) return digest.status();
  auto file = std::make_unique<TextFile>();
  file->bytes = digest->bytes;
  file->stream.open(path, std::ios::binary);
  absl::StatusOr<std::unique_ptr<TextSource>> source = MakeTextSource(*text_format, columns, &file->stream);
  if (!source.ok()) return source.status();
  file->source = *std::move(source);
  return file;
}

}  // namespace limpid::client
