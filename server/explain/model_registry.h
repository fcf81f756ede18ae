#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "explain/model.h"

namespace limpid::explain {

// The models that can be asked at this moment. What it hands out is a snapshot: it stays whole whatever is replaced or
// removed later. The first model added is the default and is never removed, so from then on there is always one.
// Thread-safe, never blocks for longer than a look-up.
class ModelRegistry {
 public:
  // Empty name: the default. Null if there is none.
  std::shared_ptr<const Model> Find(const std::string& name) const;
  // In the order in which they were added; the default first.
  std::vector<std::shared_ptr<const Model>> List() const;
  // Empty while there is no model.
  std::string default_name() const;

  // ALREADY_EXISTS if the name is taken.
  absl::Status Add(std::shared_ptr<const Model> model);
  // The model of that name gives way to this one, at once for every request that begins from now on. NOT_FOUND if there
  // is none.
  absl::Status Replace(std::shared_ptr<const Model> model);
  // NOT_FOUND if there is none, FAILED_PRECONDITION for the default. Gives what was removed.
  absl::StatusOr<std::shared_ptr<const Model>> Remove(const std::string& name);

 private:
  using Models = std::vector<std::shared_ptr<const Model>>;

  Models::const_iterator FindLocked(const std::string& name) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  mutable absl::Mutex mutex_;
  Models models_ ABSL_GUARDED_BY(mutex_);
};

// NOT_FOUND, naming the models there are.
absl::Status ModelNotLoaded(const std::string& name, const std::vector<std::shared_ptr<const Model>>& loaded);

}  // namespace limpid::explain
