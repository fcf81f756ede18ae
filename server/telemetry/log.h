#pragma once

#include <cstdint>
#include <initializer_list>
#include <iosfwd>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "absl/status/statusor.h"

namespace spdlog {
class logger;
}

namespace limpid::telemetry {

enum class LogLevel { kDebug, kInfo, kWarning, kError, kOff };
enum class LogFormat { kText, kJson };

// "debug", "info", "warning", "error", "off"; else INVALID_ARGUMENT listing them.
absl::StatusOr<LogLevel> ParseLogLevel(std::string_view name);

// One named value of a line. Keys are snake_case constants; a text value may hold any bytes.
struct LogField {
  const char* key;
  std::variant<std::string, int64_t, double> value;
};

// One event, one line: text as `time level message key=value ...`, or one JSON object. Thread-safe. A writer that
// cannot keep up never stalls a call: lines wait in a bounded queue whose oldest are dropped.
class Log {
 public:
  // Writes to standard error.
  Log(LogLevel level, LogFormat format);
  // Writes to `out`, at once. For tests.
  Log(LogLevel level, LogFormat format, std::ostream* out);
  // Waits until all lines are written.
  ~Log();
  Log(const Log&) = delete;
  Log& operator=(const Log&) = delete;

  void Write(LogLevel level, std::string_view message, const std::vector<LogField>& fields = {});

 private:
  const LogLevel level_;
  const LogFormat format_;
  std::shared_ptr<spdlog::logger> logger_;
};

// Text for a person at a terminal, JSON for everything else that reads standard error.
LogFormat DefaultLogFormat();

// `text` as a JSON string with its quotes. Bytes that are not UTF-8 become U+FFFD.
std::string JsonString(std::string_view text);

}  // namespace limpid::telemetry
