#include "lib/texts/jsonl_source.h"

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "lib/request/input.h"

namespace limpid::client {
namespace {

constexpr size_t kMaxLineBytes = 16 << 20;

class JsonlSource final : public TextSource {
 public:
  JsonlSource(const TextColumns& columns, std::istream* in) : columns_(columns), in_(in) {}

  absl::StatusOr<std::optional<TextRecord>> Next() override {
    std::string line;
    do {
      if (in_->rdbuf()->sgetc() == std::char_traits<char>::eof()) return std::nullopt;
      ++line_;
      if (!ReadLine(&line)) {
        return absl::OutOfRangeError(absl::StrCat("line ", line_, ": longer than ", kMaxLineBytes, " bytes"));
      }
    } while (absl::StripAsciiWhitespace(line).empty());
    TextRecord record;
    record.index = num_records_++;
    record.end_byte = bytes_read_;
    if (const absl::Status filled = Fill(line, &record); !filled.ok()) {
      record.problem = absl::InvalidArgumentError(absl::StrCat("line ", line_, ": ", filled.message()));
    }
    return record;
  }

 private:
  bool ReadLine(std::string* line) {
    line->clear();
    std::streambuf& buffer = *in_->rdbuf();
    for (int byte = buffer.sbumpc(); byte != std::char_traits<char>::eof(); byte = buffer.sbumpc()) {
      ++bytes_read_;
      if (byte == '\n') return true;
      if (line->size() == kMaxLineBytes) return false;
      line->push_back(static_cast<char>(byte));
    }
    return true;
  }

  absl::Status Fill(const std::string& line, TextRecord* record) const {
    if (const absl::Status valid = CheckUtf8(line, "the line"); !valid.ok()) return valid;
    const Json json = Json::parse(line, nullptr, /*allow_exceptions=*/false);
    if (!json.is_object()) return absl::InvalidArgumentError("not a JSON object");
    const std::string text_key = columns_.text.empty() ? "text" : columns_.text;
    std::optional<std::string> text;
    for (const absl::Status& taken :
         {TakeString(json, text_key, &text), TakePair(json, record), TakeId(json, record), TakeLabel(json, record)}) {
      if (!taken.ok()) return taken;
    }
    if (!text.has_value()) return absl::InvalidArgumentError(absl::StrCat("it has no \"", text_key, "\""));
    record->text = *std::move(text);
    return absl::OkStatus();
  }

  // Nothing where it is missing or null.
  static absl::Status TakeString(const Json& json, const std::string& key, std::optional<std::string>* value) {
    const auto found = json.find(key);
    if (found == json.end() || found->is_null()) return absl::OkStatus();
    if (!found->is_string()) return absl::InvalidArgumentError(absl::StrCat("\"", key, "\" is not a string"));
    *value = found->get<std::string>();
    return absl::OkStatus();
  }

  absl::Status TakePair(const Json& json, TextRecord* record) const {
    std::optional<std::string> pair;
    const absl::Status taken = TakeString(json, columns_.pair.empty() ? "text_pair" : columns_.pair, &pair);
    if (!taken.ok()) return taken;
    if (!pair.has_value() && !columns_.pair.empty()) {
      return absl::InvalidArgumentError(absl::StrCat("it has no \"", columns_.pair, "\""));
    }
    record->pair = pair.value_or("");
    return absl::OkStatus();
  }

  // A string or a number, else null.
  static absl::StatusOr<Json> Plain(const Json& json, const std::string& key, bool is_needed) {
    const auto found = json.find(key);
    if (found == json.end() || found->is_null()) {
      if (is_needed) return absl::InvalidArgumentError(absl::StrCat("it has no \"", key, "\""));
      return Json();
    }
    if (found->is_string() || found->is_number()) return *found;
    if (!is_needed) return Json();
    return absl::InvalidArgumentError(absl::StrCat("\"", key, "\" is neither a string nor a number"));
  }

  absl::Status TakeId(const Json& json, TextRecord* record) const {
    absl::StatusOr<Json> id = Plain(json, columns_.id.empty() ? "id" : columns_.id, !columns_.id.empty());
    if (id.ok()) record->id = *std::move(id);
    return id.status();
  }

  absl::Status TakeLabel(const Json& json, TextRecord* record) const {
    if (columns_.label.empty()) return absl::OkStatus();
    const absl::StatusOr<Json> label = Plain(json, columns_.label, /*is_needed=*/true);
    if (label.ok()) record->label = label->is_string() ? label->get<std::string>() : label->dump();
    return label.status();
  }

  const TextColumns columns_;
  std::istream* const in_;
  size_t num_records_ = 0, line_ = 0, bytes_read_ = 0;
};

}  // namespace

std::unique_ptr<TextSource> MakeJsonlSource(const TextColumns& columns, std::istream* in) {
  return std::make_unique<JsonlSource>(columns, in);
}

}  // namespace limpid::client
