#pragma once

#include <functional>
#include <optional>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "lib/explain_client.h"

namespace limpid::client {

// The server has no room or is not there, and may be later: the text is not to blame.
bool IsServersState(const absl::Status& status);
// Any other text would have the same answer: not let in, no such model.
bool ConcernsAllTexts(const absl::Status& status);

// How long to wait before attempt `num_made` + 1, or nothing if there is none. What is the server's state is tried
// until `patience` is over, not before its pushback has passed; what may be bad luck (an answer broke off or did not
// come in time) three times. `jitter` in [0, 1] keeps many callers from coming back at once.
std::optional<absl::Duration> WaitBefore(const absl::Status& failure, int num_made, absl::Duration tried,
                                         absl::Duration patience, double jitter);

// Makes calls again as WaitBefore says. Thread-safe if its functions are.
class Patience {
 public:
  using IsOver = std::function<bool()>;
  using OnWait = std::function<void(const absl::Status& failure)>;

  // `is_over`, asked while waiting, ends it with the last failure.
  Patience(absl::Duration patience, IsOver is_over, OnWait on_wait);

  template <typename Call>
  auto Try(const Call& call) const -> decltype(call()) {
    const absl::Time begin = absl::Now();
    for (int num_made = 1;; ++num_made) {
      auto result = call();
      if (result.ok() || !Wait(result.status(), num_made, absl::Now() - begin)) return result;
    }
  }

 private:
  // False: no more.
  bool Wait(const absl::Status& failure, int num_made, absl::Duration tried) const;

  const absl::Duration patience_;
  const IsOver is_over_;
  const OnWait on_wait_;
};

}  // namespace limpid::client
