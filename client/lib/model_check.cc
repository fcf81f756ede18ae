#include "lib/model_check.h"

#include <algorithm>
#include <filesystem>
#include <memory>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "lib/sanity/interruption.h"
#include "lib/sanity/private_server.h"
#include "lib/sanity/temporary_folder.h"

namespace limpid::client {
namespace {

// Of a sum: far above rounding and what an integral may be off, far below what a wrong gradient gives.
constexpr float kLargestError = 0.01f;
constexpr char kText[] = "The letter came late, but the answer in it was clear and kind.";

// With a gradient method, at a token that every text has: a masked model may have no mask here.
v1::ExplainRequest Request(const v1::Model& model) {
  v1::ExplainRequest request;
  request.mutable_input()->set_text(kText);
  request.mutable_input()->set_truncation(v1::TRUNCATION_LONGEST_FIRST);
  if (model.task() == "language_model") request.mutable_target()->set_position(1);
  request.add_methods()->mutable_saliency();
  request.add_methods()->mutable_integrated_gradients();
  return request;
}

CheckItem Answers(const absl::StatusOr<Explanation>& explanation) {
  if (!explanation.ok()) return {"answers a text", false, std::string(explanation.status().message())};
  const v1::Prediction& prediction = explanation->prediction;
  return {"answers a text", true,
          absl::StrFormat("%d tokens, %s %.4g", prediction.tokens_size(), prediction.target().description(),
                          prediction.target().value())};
}

CheckItem SaysTheSame(const Explanation& first, const absl::StatusOr<Explanation>& second) {
  constexpr char kWhat[] = "says the same twice";
  if (!second.ok()) return {kWhat, false, std::string(second.status().message())};
  const auto scores = [](const Explanation& explanation) {
    const auto& all = explanation.attributions.front().scores();
    return std::vector<float>(all.begin(), all.end());
  };
  const bool is_same =
      scores(first) == scores(*second) && first.prediction.target().value() == second->prediction.target().value();
  return {kWhat, is_same, is_same ? "bit for bit" : "the scores differ"};
}

CheckItem AddsUp(const Explanation& explanation) {
  const v1::Completeness& completeness = explanation.attributions.back().card().completeness();
  return {"gradients add up", completeness.error() <= kLargestError,
          absl::StrFormat("integrated gradients: F %.4g, without the text %.4g, off by %.1e of the difference",
                          completeness.value(), completeness.baseline_value(), completeness.error())};
}

}  // namespace

bool ModelCheck::passed() const {
  return std::all_of(items.begin(), items.end(), [](const CheckItem& item) { return item.passed; });
}

absl::StatusOr<ModelCheck> CheckModel(const std::string& server_binary, const std::string& model_folder) {
  Interruption interruption;
  const absl::StatusOr<TemporaryFolder> scratch = TemporaryFolder::Create();
  if (!scratch.ok()) return scratch.status();
  const absl::StatusOr<std::unique_ptr<PrivateServer>> server =
      PrivateServer::Start(server_binary, std::filesystem::absolute(model_folder), scratch->path(), &interruption);
  if (!server.ok()) return server.status();
  const absl::StatusOr<v1::Model> model = (*server)->Model();
  if (!model.ok()) return model.status();

  ModelCheck check = {*model, {}};
  check.items.push_back({"agrees with the reference", true, "the canary, before it served"});
  const v1::ExplainRequest request = Request(*model);
  const absl::StatusOr<Explanation> first = (*server)->Explain(request);
  if (absl::IsCancelled(first.status())) return first.status();
  check.items.push_back(Answers(first));
  if (!first.ok()) return check;
  check.items.push_back(SaysTheSame(*first, (*server)->Explain(request)));
  check.items.push_back(AddsUp(*first));
  return check;
}

}  // namespace limpid::client
