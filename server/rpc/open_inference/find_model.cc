#include "rpc/open_inference/find_model.h"

#include "absl/strings/str_cat.h"
#include "base/reason.h"
#include "base/status_macros.h"

namespace limpid::rpc {

absl::StatusOr<std::shared_ptr<const explain::Model>> FindModel(const explain::Explainer& explainer,
                                                                const std::string& name, const std::string& version) {
  ABSL_ASSIGN_OR_RETURN(std::shared_ptr<const explain::Model> model, explainer.Find(name));
  const std::string& loaded = model->engine->card().weights_sha256;
  if (version.empty() || version == loaded) return model;
  return base::WithReason(absl::NotFoundError(absl::StrCat("version '", version, "' of the model '", model->name,
                                                           "' is not loaded; loaded is '", loaded, "'")),
                          base::Reason::kModelNotFound);
}

}  // namespace limpid::rpc
