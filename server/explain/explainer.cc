#include "explain/explainer.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "explain/generation.h"
#include "explain/generation_request.h"
#include "explain/input.h"
#include "explain/method.h"
#include "explain/preparation.h"
#include "explain/session.h"
#include "explain/units.h"

namespace limpid::explain {
namespace {

absl::Status CheckRequest(const ExplainRequest& request, const Limits& limits) {
  if (request.methods.size() > limits.max_methods) {
    return absl::InvalidArgumentError(absl::StrCat("methods: ", request.methods.size(), " are asked for, at most ",
                                                   limits.max_methods, " are allowed"));
  }
  ABSL_RETURN_IF_ERROR(CheckInput(request.input, limits));
  ABSL_RETURN_IF_ERROR(CheckSpans(request.spans, request.input));
  if (request.target.kind != TargetSpec::Kind::kSimilarity) return absl::OkStatus();
  return CheckSimilarityText(request.target.similarity_text, limits);
}

// Asks for admission as this request's caller.
schedule::Applicant ApplicantOf(const ExplainRequest& request, const CallContext& context) {
  return {.client = context.client,
          .limits = context.limits,
          .priority = context.limits.priority.value_or(request.priority),
          // Who takes what there is when the deadline comes has no deadline that must be met.
          .deadline = request.allow_partial ? absl::InfiniteFuture() : context.deadline};
}

}  // namespace

Explainer::Explainer(const ExplainerParts& parts, const Limits& limits) : parts_(parts), limits_(limits) {}

Explainer::~Explainer() { sessions_.AwaitNone(); }

void Explainer::Explain(ExplainRequest request, CallContext context, std::shared_ptr<EventSink> sink) {
  absl::StatusOr<std::shared_ptr<const Model>> model = Find(request.model);
  if (!model.ok()) return sink->End(model.status());
  if (absl::Status status = CheckRequest(request, limits_); !status.ok()) return sink->End(std::move(status));
  const schedule::Applicant applicant = ApplicantOf(request, context);
  auto permit = parts_.admission->Admit(applicant, GuessDemand(**model, request));
  if (!permit.ok()) return sink->End(permit.status());
  request.priority = applicant.priority;
  StartSession({.parts = parts_, .limits = &limits_, .sessions = &sessions_}, {.model = *std::move(model),
                                                                               .request = std::move(request),
                                                                               .context = std::move(context),
                                                                               .permit = *std::move(permit),
                                                                               .sink = std::move(sink)});
}

void Explainer::Generate(GenerateRequest request, CallContext context, std::shared_ptr<EventSink> sink) {
  absl::StatusOr<std::shared_ptr<const Model>> model = Find(request.explain.model);
  if (!model.ok()) return sink->End(model.status());
  if (absl::Status status = CheckGeneration(request, **model, limits_); !status.ok())
    return sink->End(std::move(status));
  const schedule::Applicant applicant = ApplicantOf(request.explain, context);
  auto permit = parts_.admission->Admit(applicant, GuessDemand(**model, request));
  if (!permit.ok()) return sink->End(permit.status());
  request.explain.priority = applicant.priority;
  StartGeneration({.parts = parts_, .limits = &limits_, .sessions = &sessions_}, {.model = *std::move(model),
                                                                                  .request = std::move(request),
                                                                                  .context = std::move(context),
                                                                                  .permit = *std::move(permit),
                                                                                  .sink = std::move(sink)});
}

absl::StatusOr<text::Encoding> Explainer::Tokenize(const std::string& model, const Input& input,
                                                   const CallContext& context) {
  ABSL_ASSIGN_OR_RETURN(const std::shared_ptr<const Model> found, Find(model));
  ABSL_RETURN_IF_ERROR(CheckInput(input, limits_));
  // Nothing waits for the device, but the client's own limits hold.
  ABSL_ASSIGN_OR_RETURN(const auto permit, parts_.admission->Admit(ApplicantOf({}, context), {}));
  return EncodeInput(*found, input);
}

absl::StatusOr<CostEstimate> Explainer::EstimateCost(const ExplainRequest& request, const CallContext& context) const {
  ABSL_ASSIGN_OR_RETURN(const std::shared_ptr<const Model> model, Find(request.model));
  ABSL_RETURN_IF_ERROR(CheckRequest(request, limits_));
  MethodRuns methods(request.methods, request.quality);
  ABSL_ASSIGN_OR_RETURN(const Preparation prepared, Prepare(*model, request, limits_, &methods));
  const schedule::Applicant applicant = ApplicantOf(request, context);
  return CostEstimate{.rows_forward = prepared.rows_forward,
                      .rows_backward = prepared.rows_backward,
                      .demand = prepared.demand,
                      .queue_time = parts_.admission->QueueTime(applicant.priority),
                      .compute_time = parts_.admission->ComputeTime(prepared.demand),
                      .admission = parts_.admission->Check(applicant, prepared.demand)};
}

absl::StatusOr<std::shared_ptr<const Model>> Explainer::Find(const std::string& name) const {
  std::shared_ptr<const Model> model = parts_.models->Find(name);
  if (model == nullptr) return ModelNotLoaded(name, parts_.models->List());
  return model;
}

}  // namespace limpid::explain
