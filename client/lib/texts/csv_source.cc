#include "lib/texts/csv_source.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "lib/request/input.h"
#include "lib/texts/csv.h"

namespace limpid::client {
namespace {

// Where the columns are; nothing for one that the table does not have.
struct Places {
  std::optional<size_t> text, pair, id, label;
};

class CsvSource final : public TextSource {
 public:
  explicit CsvSource(std::istream* in) : reader_(in) {}

  absl::Status ReadHeader(const TextColumns& columns) {
    const absl::StatusOr<bool> read = reader_.Next(&header_);
    if (!read.ok()) return AtLine(read.status());
    if (!*read) return absl::InvalidArgumentError("the table has no header");
    for (const auto& [name, usual, place] :
         {std::tuple{&columns.text, "text", &places_.text}, std::tuple{&columns.pair, "text_pair", &places_.pair},
          std::tuple{&columns.id, "id", &places_.id}}) {
      if (const absl::Status found = Find(*name, usual, place); !found.ok()) return found;
    }
    if (!columns.label.empty()) {
      if (const absl::Status found = Find(columns.label, "", &places_.label); !found.ok()) return found;
    }
    if (places_.text.has_value()) return absl::OkStatus();
    return NoColumn("text");
  }

  absl::StatusOr<std::optional<TextRecord>> Next() override {
    const absl::StatusOr<bool> read = reader_.Next(&fields_);
    if (read.ok() && !*read) return std::nullopt;
    if (!read.ok() && !absl::IsInvalidArgument(read.status())) return AtLine(read.status());
    TextRecord record;
    record.index = num_records_++;
    record.end_byte = reader_.bytes_read();
    record.problem = read.ok() ? Fill(&record) : read.status();
    if (!record.problem.ok()) record.problem = AtLine(record.problem);
    return record;
  }

 private:
  absl::Status AtLine(const absl::Status& status) const {
    return absl::Status(status.code(), absl::StrCat("line ", reader_.line(), ": ", status.message()));
  }

  absl::Status NoColumn(const std::string& name) const {
    return absl::InvalidArgumentError(
        absl::StrCat("the table has no column \"", name, "\"; its columns are ", absl::StrJoin(header_, ", ")));
  }

  absl::Status Find(const std::string& name, const std::string& usual, std::optional<size_t>* place) const {
    const std::string& wanted = name.empty() ? usual : name;
    const auto found = std::find(header_.begin(), header_.end(), wanted);
    if (found == header_.end()) return name.empty() ? absl::OkStatus() : NoColumn(name);
    if (std::find(found + 1, header_.end(), wanted) != header_.end()) {
      return absl::InvalidArgumentError(absl::StrCat("the table has more than one column \"", wanted, "\""));
    }
    *place = static_cast<size_t>(found - header_.begin());
    return absl::OkStatus();
  }

  absl::Status Fill(TextRecord* record) const {
    if (fields_.size() != header_.size()) {
      return absl::InvalidArgumentError(absl::StrCat(fields_.size(), fields_.size() == 1 ? " field" : " fields",
                                                     ", but the header has ", header_.size()));
    }
    for (size_t i = 0; i < fields_.size(); ++i) {
      if (const absl::Status valid = CheckUtf8(fields_[i], header_[i]); !valid.ok()) return valid;
    }
    record->text = fields_[*places_.text];
    if (places_.pair.has_value()) record->pair = fields_[*places_.pair];
    if (places_.id.has_value()) record->id = fields_[*places_.id];
    if (places_.label.has_value()) record->label = fields_[*places_.label];
    return absl::OkStatus();
  }

  CsvReader reader_;
  std::vector<std::string> header_, fields_;
  Places places_;
  size_t num_records_ = 0;
};

}  // namespace

absl::StatusOr<std::unique_ptr<TextSource>> MakeCsvSource(const TextColumns& columns, std::istream* in) {
  auto source = std::make_unique<CsvSource>(in);
  if (const absl::Status read = source->ReadHeader(columns); !read.ok()) return read;
  return source;
}

}  // namespace limpid::client
