#include "lib/texts/csv.h"

#include <string_view>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace limpid::client {
namespace {

constexpr int kEnd = std::char_traits<char>::eof();
constexpr std::string_view kBom = "\xEF\xBB\xBF";

}  // namespace

CsvReader::CsvReader(std::istream* in) : in_(in) { PassOverBom(); }

int CsvReader::Take() {
  const int taken = in_->rdbuf()->sbumpc();
  if (taken == kEnd) return taken;
  ++bytes_read_;
  if (taken == '\n') ++next_line_;
  return taken;
}

void CsvReader::PassOverBom() {
  for (const char byte : kBom) {
    if (Peek() != static_cast<unsigned char>(byte)) return;
    Take();
  }
}

bool CsvReader::TakeLineEnd() {
  if (Peek() == '\n') {
    Take();
    return true;
  }
  if (Peek() != '\r') return false;
  Take();
  if (Peek() == '\n') Take();
  return true;
}

absl::StatusOr<bool> CsvReader::Next(std::vector<std::string>* fields) {
  fields->clear();
  while (TakeLineEnd()) {
  }
  if (Peek() == kEnd) return false;
  line_ = next_line_;
  record_begin_ = bytes_read_;
  for (;;) {
    const absl::Status read = ReadField(&fields->emplace_back());
    if (absl::IsInvalidArgument(read)) PassOverLine();
    if (!read.ok()) return read;
    if (Peek() == kEnd || TakeLineEnd()) return true;
    Take();  // the comma
  }
}

absl::Status CsvReader::ReadField(std::string* field) {
  if (Peek() == '"') return ReadQuoted(field);
  for (int next = Peek(); next != ',' && next != '\n' && next != '\r' && next != kEnd; next = Peek()) {
    field->push_back(static_cast<char>(Take()));
    if (bytes_read_ - record_begin_ > kMaxRecordBytes) return absl::OutOfRangeError("the record is too long");
  }
  return absl::OkStatus();
}

absl::Status CsvReader::ReadQuoted(std::string* field) {
  Take();
  for (;;) {
    const int next = Take();
    if (next == kEnd) return absl::InvalidArgumentError("a quote is not closed");
    if (bytes_read_ - record_begin_ > kMaxRecordBytes) {
      return absl::OutOfRangeError(absl::StrCat("a quote is not closed within ", kMaxRecordBytes, " bytes"));
    }
    if (next != '"') {
      field->push_back(static_cast<char>(next));
    } else if (Peek() == '"') {
      field->push_back(static_cast<char>(Take()));
    } else {
      break;
    }
  }
  const int behind = Peek();
  if (behind == ',' || behind == '\n' || behind == '\r' || behind == kEnd) return absl::OkStatus();
  return absl::InvalidArgumentError("text follows a closing quote");
}

void CsvReader::PassOverLine() {
  for (int next = Take(); next != '\n' && next != kEnd; next = Take()) {
  }
}

}  // namespace limpid::client
