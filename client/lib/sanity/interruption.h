#pragma once

#include <signal.h>
#include <sys/types.h>

#include <mutex>
#include <thread>

namespace limpid::client {

// Keeps a Ctrl-C (or SIGTERM, SIGHUP) from ending the process before it has cleaned up: the signal ends the child that
// is watched, so that whoever waits for the child's answer goes on, and takes effect when this object goes. Signals
// that the process ignores stay ignored. One at a time, made before any other thread, which inherits that signals are
// held back. Its functions are thread-safe.
class Interruption {
 public:
  Interruption();
  ~Interruption();
  Interruption(const Interruption&) = delete;
  Interruption& operator=(const Interruption&) = delete;

  // `child` is killed when a signal comes, or at once if one has come.
  void Watch(pid_t child);
  // To be called before the child is waited for, after which its pid may be another's.
  void Forget();
  bool has_come() const;

  // What a child shall have instead of the signals held back here.
  const sigset_t& mask_before() const { return mask_before_; }

 private:
  void Listen(const std::stop_token& stop);

  sigset_t held_, mask_before_;
  mutable std::mutex mutex_;
  pid_t child_ = 0;  // 0: none
  int signal_ = 0;   // 0: none has come
  std::jthread listener_;
};

}  // namespace limpid::client
