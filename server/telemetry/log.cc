#include "telemetry/log.h"

#include <spdlog/async.h>
#include <spdlog/sinks/ostream_sink.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <array>
#include <cmath>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"

namespace limpid::telemetry {
namespace {

constexpr size_t kMaxWaitingLines = 8192;
constexpr std::array<const char*, 5> kLevelNames = {"debug", "info", "warning", "error", "off"};

// Length of the well-formed UTF-8 sequence at the start of `text`, 0 if there is none (Unicode 15, table 3-7).
size_t SequenceLength(std::string_view text) {
  auto byte = [&](size_t i) { return i < text.size() ? static_cast<uint8_t>(text[i]) : 0; };
  auto continues = [&](size_t i) { return (byte(i) & 0xC0) == 0x80; };
  const uint8_t lead = byte(0), second = byte(1);
  if (lead < 0x80) return 1;
  if (lead >= 0xC2 && lead <= 0xDF) return continues(1) ? 2 : 0;
  if (lead >= 0xE0 && lead <= 0xEF) {
    const bool overlong = lead == 0xE0 && second < 0xA0, surrogate = lead == 0xED && second > 0x9F;
    return continues(1) && continues(2) && !overlong && !surrogate ? 3 : 0;
  }
  if (lead >= 0xF0 && lead <= 0xF4) {
    const bool overlong = lead == 0xF0 && second < 0x90, too_large = lead == 0xF4 && second > 0x8F;
    return continues(1) && continues(2) && continues(3) && !overlong && !too_large ? 4 : 0;
  }
  return 0;
}

std::string NumberText(double value) { return std::isfinite(value) ? absl::StrFormat("%.3f", value) : "null"; }

std::string JsonValue(const LogField& field) {
  if (const auto* text = std::get_if<std::string>(&field.value)) return JsonString(*text);
  if (const auto* whole = std::get_if<int64_t>(&field.value)) return absl::StrCat(*whole);
  return NumberText(std::get<double>(field.value));
}

// Quoted only where a reader could not tell where the value ends.
std::string TextValue(const LogField& field) {
  const auto* text = std::get_if<std::string>(&field.value);
  if (text == nullptr) return JsonValue(field);
  std::string quoted = JsonString(*text);
  const bool plain =
      !text->empty() && quoted.size() == text->size() + 2 && text->find_first_of(" =,") == std::string::npos;
  return plain ? *text : quoted;
}

std::string Line(LogFormat format, const char* level, std::string_view message, const std::vector<LogField>& fields) {
  const std::string time = absl::FormatTime("%Y-%m-%dT%H:%M:%E3SZ", absl::Now(), absl::UTCTimeZone());
  if (format == LogFormat::kText) {
    std::string line = absl::StrFormat("%s %-7s %s", time, level, message);
    for (const LogField& field : fields) absl::StrAppend(&line, " ", field.key, "=", TextValue(field));
    return line;
  }
  std::string line =
      absl::StrFormat("{\"time\":\"%s\",\"level\":\"%s\",\"message\":%s", time, level, JsonString(message));
  for (const LogField& field : fields) absl::StrAppend(&line, ",\"", field.key, "\":", JsonValue(field));
  return line + "}";
}

std::shared_ptr<spdlog::logger> MakeLogger(spdlog::sink_ptr sink, std::shared_ptr<spdlog::logger> logger) {
  sink->set_pattern("%v");
  logger->set_level(spdlog::level::trace);
  return logger;
}

// The logger keeps only a weak hold of its thread pool; this ties the two lifetimes together.
std::shared_ptr<spdlog::logger> MakeAsyncLogger() {
  auto sink = std::make_shared<spdlog::sinks::stderr_sink_mt>();
  auto pool = std::make_shared<spdlog::details::thread_pool>(kMaxWaitingLines, 1);
  auto logger =
      std::make_shared<spdlog::async_logger>("limpid", sink, pool, spdlog::async_overflow_policy::overrun_oldest);
  auto* plain = logger.get();
  auto both = std::make_shared<std::pair<decltype(logger), decltype(pool)>>(std::move(logger), std::move(pool));
  return MakeLogger(sink, std::shared_ptr<spdlog::logger>(both, plain));
}

}  // namespace

absl::StatusOr<LogLevel> ParseLogLevel(std::string_view name) {
  for (size_t i = 0; i < kLevelNames.size(); ++i) {
    if (kLevelNames[i] == name) return static_cast<LogLevel>(i);
  }
  return absl::InvalidArgumentError(
      absl::StrCat("log level \"", std::string(name), "\": not one of debug, info, warning, error, off"));
}

Log::Log(LogLevel level, LogFormat format) : level_(level), format_(format), logger_(MakeAsyncLogger()) {}

Log::Log(LogLevel level, LogFormat format, std::ostream* out) : level_(level), format_(format) {
  auto sink = std::make_shared<spdlog::sinks::ostream_sink_mt>(*out, /*force_flush=*/true);
  logger_ = MakeLogger(sink, std::make_shared<spdlog::logger>("limpid", sink));
}

Log::~Log() = default;

void Log::Write(LogLevel level, std::string_view message, const std::vector<LogField>& fields) {
  if (level < level_ || level == LogLevel::kOff) return;
  const std::string line = Line(format_, kLevelNames[static_cast<size_t>(level)], message, fields);
  logger_->log(spdlog::level::info, spdlog::string_view_t(line.data(), line.size()));
}

LogFormat DefaultLogFormat() { return isatty(STDERR_FILENO) == 1 ? LogFormat::kText : LogFormat::kJson; }

std::string JsonString(std::string_view text) {
  std::string quoted = "\"";
  while (!text.empty()) {
    const size_t length = SequenceLength(text);
    const char first = text.front();
    if (length == 0) {
      quoted += "\xEF\xBF\xBD";
    } else if (first == '"' || first == '\\') {
      quoted += {'\\', first};
    } else if (length == 1 && (static_cast<uint8_t>(first) < 0x20 || first == 0x7F)) {
      absl::StrAppendFormat(&quoted, "\\u%04x", first);
    } else {
      quoted.append(text.substr(0, length));
    }
    text.remove_prefix(length == 0 ? 1 : length);
  }
  return quoted + "\"";
}

}  // namespace limpid::telemetry
