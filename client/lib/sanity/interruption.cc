#include "lib/sanity/interruption.h"

#include <pthread.h>

namespace limpid::client {
namespace {

constexpr timespec kLook{.tv_sec = 0, .tv_nsec = 50'000'000};  // how often the listener looks whether it is over

}  // namespace

Interruption::Interruption() {
  sigemptyset(&held_);
  for (const int number : {SIGINT, SIGTERM, SIGHUP}) {
    struct sigaction now{};
    sigaction(number, nullptr, &now);
    if (now.sa_handler != SIG_IGN) sigaddset(&held_, number);
  }
  pthread_sigmask(SIG_BLOCK, &held_, &mask_before_);
  listener_ = std::jthread([this](const std::stop_token& stop) { Listen(stop); });
}

Interruption::~Interruption() {
  listener_.request_stop();
  listener_.join();
  pthread_sigmask(SIG_SETMASK, &mask_before_, nullptr);
  if (signal_ != 0) raise(signal_);
}

void Interruption::Watch(pid_t child) {
  const std::lock_guard lock(mutex_);
  child_ = child;
  if (signal_ != 0) kill(child_, SIGKILL);
}

void Interruption::Forget() {
  const std::lock_guard lock(mutex_);
  child_ = 0;
}

bool Interruption::has_come() const {
  const std::lock_guard lock(mutex_);
  return signal_ != 0;
}

void Interruption::Listen(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    const int number = sigtimedwait(&held_, nullptr, &kLook);
    if (number <= 0) continue;
    const std::lock_guard lock(mutex_);
    signal_ = number;
    if (child_ != 0) kill(child_, SIGKILL);
  }
}

}  // namespace limpid::client
