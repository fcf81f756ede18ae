#pragma once

#include <cstddef>
#include <istream>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace limpid::client {

// Records of comma-separated values (RFC 4180) one by one: quoted fields with commas, line ends and doubled quotes in
// them; lines end with LF, CRLF or CR; a byte order mark at the beginning is passed over, and so are empty lines. A
// quote inside of a field that does not begin with one is a character like others. Not thread-safe.
class CsvReader {
 public:
  // A record may have so many bytes: a quote that is never closed must not swallow a file.
  static constexpr size_t kMaxRecordBytes = 16 << 20;

  // `in` must outlive this object.
  explicit CsvReader(std::istream* in);

  // Fills `fields` with the next record; false at the end. INVALID_ARGUMENT: this record is none, and the next call
  // goes on behind it. OUT_OF_RANGE: it is too long, and nothing more can be read.
  absl::StatusOr<bool> Next(std::vector<std::string>* fields);

  // Of the record read last, from 1.
  size_t line() const { return line_; }
  size_t bytes_read() const { return bytes_read_; }

 private:
  int Peek() { return in_->rdbuf()->sgetc(); }
  int Take();
  bool TakeLineEnd();
  void PassOverBom();
  // Up to and without what follows the field.
  absl::Status ReadField(std::string* field);
  absl::Status ReadQuoted(std::string* field);
  void PassOverLine();

  std::istream* const in_;
  size_t bytes_read_ = 0, record_begin_ = 0;
  size_t line_ = 0, next_line_ = 1;
};

}  // namespace limpid::client
