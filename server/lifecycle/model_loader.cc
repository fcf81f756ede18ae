#include "lifecycle/model_loader.h"

#include <algorithm>
#include <future>
#include <memory>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "base/status_macros.h"
#include "explain/canary.h"

namespace limpid::lifecycle {
namespace {

// A long context's attention maps may need more memory than a start should take.
constexpr uint64_t kMaxWarmUpBytes = uint64_t{1} << 30;

// Of half, a quarter, ... of the longest text, if that needs more than `max_bytes`.
engine::Row LongestRow(const engine::Engine& engine, uint64_t max_bytes) {
  auto length = static_cast<size_t>(engine.card().max_tokens);
  engine::Row row = explain::CanaryRow(engine.card(), length);
  while (length > explain::kCanaryTokens && engine.Cost(length, row.wanted).peak_bytes > max_bytes) {
    length /= 2;
    row = explain::CanaryRow(engine.card(), length);
  }
  return row;
}

absl::Status CheckWeights(const explain::Model& model, const ModelSource& source) {
  const std::string& found = model.engine->card().weights_sha256;
  if (source.weights_sha256.empty() || source.weights_sha256 == found) return absl::OkStatus();
  return absl::DataLossError(
      absl::StrCat("weights_sha256: the weights have ", found, ", expected was ", source.weights_sha256));
}

absl::Status CheckStop(const std::stop_token& stop) {
  return stop.stop_requested() ? absl::CancelledError("the server is stopping") : absl::OkStatus();
}

}  // namespace

absl::StatusOr<LoadedModel> ModelLoader::Load(const ModelSource& source, std::stop_token stop) const {
  const absl::Time start = absl::Now();
  ABSL_RETURN_IF_ERROR(CheckStop(stop));
  ABSL_ASSIGN_OR_RETURN(std::shared_ptr<explain::Model> model, read_(source));
  ABSL_RETURN_IF_ERROR(CheckWeights(*model, source));
  model->metrics = metrics_->AddModel(source.name, methods_);
  ABSL_RETURN_IF_ERROR(WarmUp(*model, stop));
  ABSL_RETURN_IF_ERROR(CheckCanary(model.get(), stop));
  return LoadedModel{.model = std::move(model), .load_time = absl::Now() - start};
}

absl::StatusOr<engine::RowResult> ModelLoader::RunRow(const explain::Model& model, engine::Row row,
                                                      std::stop_token stop) const {
  using Results = absl::StatusOr<std::vector<engine::RowResult>>;
  // Shared: the compute thread may still be in it when the results have been taken.
  const auto outcome = std::make_shared<std::promise<Results>>();
  schedule::RowGroup group;
  group.engine = model.engine;
  group.client = "canary";
  group.rows.push_back(std::move(row));
  group.stop = std::move(stop);
  group.on_done = [outcome](Results results, const schedule::RowTiming&) { outcome->set_value(std::move(results)); };
  scheduler_->Submit(std::move(group));
  ABSL_ASSIGN_OR_RETURN(std::vector<engine::RowResult> results, outcome->get_future().get());
  return std::move(results.front());
}

absl::Status ModelLoader::WarmUp(const explain::Model& model, std::stop_token stop) const {
  const engine::ModelCard& card = model.engine->card();
  ABSL_RETURN_IF_ERROR(RunRow(model, explain::CanaryRow(card, explain::kCanaryTokens), stop).status());
  return RunRow(model, LongestRow(*model.engine, std::min(kMaxWarmUpBytes, max_pass_bytes_)), stop).status();
}

absl::Status ModelLoader::CheckCanary(explain::Model* model, std::stop_token stop) const {
  const engine::ModelCard& card = model->engine->card();
  const engine::Row row = explain::CanaryRow(card, explain::kCanaryTokens);
  ABSL_ASSIGN_OR_RETURN(const engine::RowResult reference, model->engine->RunReference(row));
  ABSL_ASSIGN_OR_RETURN(model->canary, explain::AnswerOf(reference));
  ABSL_ASSIGN_OR_RETURN(const engine::RowResult result, RunRow(*model, row, std::move(stop)));
  ABSL_ASSIGN_OR_RETURN(const explain::CanaryAnswer answer, explain::AnswerOf(result));
  const absl::Status compared = explain::CompareCanary(model->canary, answer);
  if (!compared.ok()) model->metrics->canary_failures->Increment();
  return compared;
}

}  // namespace limpid::lifecycle
