#include "explain/explainer.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "explain/input.h"
#include "explain/session.h"

namespace limpid::explain {
namespace {

absl::Status CheckRequest(const ExplainRequest& request, const Limits& limits) {
  if (request.methods.size() > limits.max_methods) {
    return absl::InvalidArgumentError(absl::StrCat("methods: ", request.methods.size(), " are asked for, at most ",
                                                   limits.max_methods, " are allowed"));
  }
  ABSL_RETURN_IF_ERROR(CheckInput(request.input, limits));
  if (request.target.kind != TargetSpec::Kind::kSimilarity) return absl::OkStatus();
  return CheckSimilarityText(request.target.similarity_text, limits);
}

}  // namespace

Explainer::Explainer(const ModelRegistry* models, Limits limits, schedule::Scheduler* scheduler, base::WorkerPool* pool)
    : models_(models), limits_(limits), scheduler_(scheduler), pool_(pool) {}

Explainer::~Explainer() { sessions_.AwaitNone(); }

void Explainer::Explain(ExplainRequest request, CallContext context, std::shared_ptr<EventSink> sink) {
  absl::StatusOr<std::shared_ptr<const Model>> model = Find(request.model);
  if (!model.ok()) return sink->End(model.status());
  if (absl::Status status = CheckRequest(request, limits_); !status.ok()) return sink->End(std::move(status));
  const Workplace workplace{.scheduler = scheduler_, .pool = pool_, .limits = &limits_, .sessions = &sessions_};
  StartSession(workplace, *std::move(model), std::move(request), std::move(context), std::move(sink));
}

absl::StatusOr<text::Encoding> Explainer::Tokenize(const std::string& model, const Input& input) const {
  ABSL_ASSIGN_OR_RETURN(const std::shared_ptr<const Model> found, Find(model));
  ABSL_RETURN_IF_ERROR(CheckInput(input, limits_));
  return EncodeInput(*found, input);
}

absl::StatusOr<std::shared_ptr<const Model>> Explainer::Find(const std::string& name) const {
  std::shared_ptr<const Model> model = models_->Find(name);
  if (model == nullptr) return ModelNotLoaded(name, models_->List());
  return model;
}

}  // namespace limpid::explain
