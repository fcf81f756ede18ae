#include "explain/model_registry.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/reason.h"

namespace limpid::explain {

std::shared_ptr<const Model> ModelRegistry::Find(const std::string& name) const {
  absl::MutexLock lock(&mutex_);
  const auto found = name.empty() ? models_.begin() : FindLocked(name);
  return found == models_.end() ? nullptr : *found;
}

std::vector<std::shared_ptr<const Model>> ModelRegistry::List() const {
  absl::MutexLock lock(&mutex_);
  return models_;
}

std::string ModelRegistry::default_name() const {
  absl::MutexLock lock(&mutex_);
  return models_.empty() ? "" : models_.front()->name;
}

absl::Status ModelRegistry::Add(std::shared_ptr<const Model> model) {
  absl::MutexLock lock(&mutex_);
  if (FindLocked(model->name) != models_.end()) {
    return absl::AlreadyExistsError(absl::StrCat("model: '", model->name, "' is loaded already: reload it"));
  }
  models_.push_back(std::move(model));
  return absl::OkStatus();
}

absl::Status ModelRegistry::Replace(std::shared_ptr<const Model> model) {
  absl::MutexLock lock(&mutex_);
  const auto found = FindLocked(model->name);
  if (found == models_.end()) return ModelNotLoaded(model->name, models_);
  models_[static_cast<size_t>(found - models_.begin())] = std::move(model);
  return absl::OkStatus();
}

absl::StatusOr<std::shared_ptr<const Model>> ModelRegistry::Remove(const std::string& name) {
  absl::MutexLock lock(&mutex_);
  const auto found = FindLocked(name);
  if (found == models_.end()) return ModelNotLoaded(name, models_);
  if (found == models_.begin()) {
    return absl::FailedPreconditionError(
        absl::StrCat("model: '", name, "' is the default, which requests without a model's name need"));
  }
  std::shared_ptr<const Model> removed = *found;
  models_.erase(found);
  return removed;
}

ModelRegistry::Models::const_iterator ModelRegistry::FindLocked(const std::string& name) const {
  return std::find_if(models_.begin(), models_.end(), [&](const auto& model) { return model->name == name; });
}

absl::Status ModelNotLoaded(const std::string& name, const std::vector<std::shared_ptr<const Model>>& loaded) {
  const auto append_name = [](std::string* out, const auto& model) { out->append(model->name); };
  return base::WithReason(absl::NotFoundError(absl::StrCat(
                              "model: '", name, "' is not loaded; loaded: ", absl::StrJoin(loaded, ", ", append_name))),
                          base::Reason::kModelNotFound);
}

}  // namespace limpid::explain
