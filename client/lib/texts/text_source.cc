#include "lib/texts/text_source.h"

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "lib/texts/csv_source.h"
#include "lib/texts/jsonl_source.h"

namespace limpid::client {

absl::StatusOr<TextFormat> ChooseFormat(const std::string& name, const std::string& path) {
  if (name == "csv") return TextFormat::kCsv;
  if (name == "jsonl") return TextFormat::kJsonl;
  if (name != "auto")
    return absl::InvalidArgumentError(absl::StrCat("--format ", name, ": not one of auto, csv, jsonl"));
  const std::string lower = absl::AsciiStrToLower(path);
  if (absl::EndsWith(lower, ".csv")) return TextFormat::kCsv;
  if (absl::EndsWith(lower, ".jsonl") || absl::EndsWith(lower, ".ndjson")) return TextFormat::kJsonl;
  if (absl::EndsWith(lower, ".parquet")) {
    return absl::InvalidArgumentError(
        absl::StrCat(path, ": Parquet is for the Python client: python -m limpid.parquet ", path, " OUT"));
  }
  return absl::InvalidArgumentError(absl::StrCat(path, ": --format csv or jsonl says what it is"));
}

absl::StatusOr<std::unique_ptr<TextSource>> MakeTextSource(TextFormat format, const TextColumns& columns,
                                                           std::istream* in) {
  if (format == TextFormat::kCsv) return MakeCsvSource(columns, in);
  return MakeJsonlSource(columns, in);
}

}  // namespace limpid::client
