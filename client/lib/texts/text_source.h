#pragma once

#include <cstddef>
#include <istream>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "lib/json.h"

namespace limpid::client {

// One text of a file.
struct TextRecord {
  size_t index = 0;     // among the records of the file, those with a problem counted
  size_t end_byte = 0;  // of the file, behind this record
  std::string text, pair;
  Json id;               // a string or number; null where there is none
  std::string label;     // as the file spells it; empty unless TextColumns names its column
  absl::Status problem;  // why this record has no text; names its line
};

// Columns of a table, or keys of JSON objects. An empty name stands for "text", "text_pair" and "id", of which all
// but the text may be missing; a column that is named must be there. There are labels only where their column is named.
struct TextColumns {
  std::string text, pair, id, label;
};

enum class TextFormat { kCsv, kJsonl };

// Texts of a file one by one, none kept. Not thread-safe.
class TextSource {
 public:
  virtual ~TextSource() = default;

  // Nothing at the end. A record that cannot be used comes with its problem; OUT_OF_RANGE: a record is so long that
  // nothing behind it can be read.
  virtual absl::StatusOr<std::optional<TextRecord>> Next() = 0;
};

// `name` is auto (by the ending of `path`), csv or jsonl. INVALID_ARGUMENT says what there is.
absl::StatusOr<TextFormat> ChooseFormat(const std::string& name, const std::string& path);

// Reads a table's header at once: INVALID_ARGUMENT if a column that is needed is not in it. `in` must outlive the
// result.
absl::StatusOr<std::unique_ptr<TextSource>> MakeTextSource(TextFormat format, const TextColumns& columns,
                                                           std::istream* in);

}  // namespace limpid::client
