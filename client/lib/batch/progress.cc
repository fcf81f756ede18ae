#include "lib/batch/progress.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "lib/render/visible_text.h"

namespace limpid::client {
namespace {

constexpr absl::Duration kTerminalPause = absl::Milliseconds(200), kLogPause = absl::Seconds(10);
constexpr size_t kBarColumns = 24;
constexpr char kWipe[] = "\r\x1b[K";

// "3 h 5 min", "4 min 10 s", "9 s".
std::string Span(absl::Duration duration) {
  const int64_t seconds = std::llround(absl::ToDoubleSeconds(duration));
  if (seconds >= 3600) return absl::StrFormat("%d h %d min", seconds / 3600, seconds / 60 % 60);
  if (seconds >= 60) return absl::StrFormat("%d min %d s", seconds / 60, seconds % 60);
  return absl::StrFormat("%d s", seconds);
}

}  // namespace

std::string ProgressLine(const RunCounts& counts, absl::Duration elapsed) {
  std::string line = absl::StrCat(counts.done, counts.done == 1 ? " text" : " texts");
  if (counts.share >= 0) absl::StrAppendFormat(&line, ", %.1f %%", 100 * counts.share);
  const double seconds = absl::ToDoubleSeconds(elapsed);
  if (seconds > 0) {
    absl::StrAppendFormat(&line, ", %.1f texts/s", static_cast<double>(counts.done - counts.done_before) / seconds);
  }
  if (counts.failed > 0) absl::StrAppend(&line, ", ", counts.failed, " failed");
  if (counts.share > counts.share_before && counts.share < 1) {
    const double left = (1 - counts.share) / (counts.share - counts.share_before);
    absl::StrAppend(&line, ", ", Span(elapsed * left), " left");
  }
  return line;
}

std::string ProgressBar(double share) {
  const auto full = static_cast<size_t>(std::clamp(share, 0.0, 1.0) * kBarColumns);
  return absl::StrCat("[", std::string(full, '#'), std::string(kBarColumns - full, ' '), "]");
}

Progress::Progress(std::ostream* out, bool is_terminal)
    : is_terminal_(is_terminal), begin_(absl::Now()), out_(out), shown_(begin_) {}

Progress::~Progress() {
  const std::lock_guard lock(mutex_);
  Wipe();
}

void Progress::Wipe() {
  if (is_terminal_) *out_ << kWipe << std::flush;
}

void Progress::Show(const RunCounts& counts) {
  const std::lock_guard lock(mutex_);
  const absl::Time now = absl::Now();
  if (now - shown_ < (is_terminal_ ? kTerminalPause : kLogPause)) return;
  shown_ = now;
  const std::string line = ProgressLine(counts, now - begin_);
  if (!is_terminal_) {
    *out_ << "limpid: " << line << std::endl;
    return;
  }
  *out_ << kWipe << (counts.share >= 0 ? ProgressBar(counts.share) + " " : "") << line << std::flush;
}

void Progress::Waiting(const absl::Status& failure) {
  const std::lock_guard lock(mutex_);
  const absl::Time now = absl::Now();
  if (now - waited_ < kLogPause) return;
  waited_ = now;
  const absl::string_view message = failure.message();
  Wipe();
  *out_ << "limpid: waiting: " << VisibleText(std::string(message.substr(0, message.find('\n')))) << std::endl;
}

}  // namespace limpid::client
