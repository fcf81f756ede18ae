#pragma once

#include <cstddef>
#include <mutex>
#include <ostream>
#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"

namespace limpid::client {

// How far a run over many texts is.
struct RunCounts {
  size_t done = 0, failed = 0;  // those of earlier runs among them
  size_t done_before = 0;       // by earlier runs
  // Of the input, by bytes: how much is read, and was when this run began; negative where its size is not known.
  double share = -1, share_before = 0;
};

// "1234 texts, 12.3 %, 85.2 texts/s, 3 failed, 4 min 10 s left"; `elapsed` of this run.
std::string ProgressLine(const RunCounts& counts, absl::Duration elapsed);
// "[#####     ]" of a `share` in [0, 1].
std::string ProgressBar(double share);

// Says how far a run is: at a terminal on one line that is written again, else a line every ten seconds. Thread-safe.
class Progress {
 public:
  Progress(std::ostream* out, bool is_terminal);
  // Wipes the line.
  ~Progress();

  void Show(const RunCounts& counts);
  // The server lets us wait: its first words, every ten seconds at most.
  void Waiting(const absl::Status& failure);

 private:
  // With the mutex held.
  void Wipe();

  const bool is_terminal_;
  const absl::Time begin_;
  std::mutex mutex_;  // what is below
  std::ostream* const out_;
  absl::Time shown_, waited_ = absl::InfinitePast();
};

}  // namespace limpid::client
