#include "lib/sanity/randomization_test.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "lib/sanity/interruption.h"
#include "lib/sanity/model_copy.h"
#include "lib/sanity/private_server.h"
#include "lib/sanity/rank_correlation.h"
#include "lib/sanity/shuffle_stages.h"
#include "lib/sanity/temporary_folder.h"

namespace limpid::client {
namespace {

constexpr double kHardly = 0.5;
constexpr size_t kMinUnits = 3;

// What one method says of one text, without special tokens.
struct UnitScores {
  std::vector<std::pair<uint32_t, uint32_t>> units;  // their tokens, half-open
  std::vector<float> scores;
};

struct Case {
  v1::ExplainRequest request;     // with the frozen target
  std::vector<UnitScores> whole;  // by method
};

UnitScores WithoutSpecialTokens(const v1::Attribution& attribution) {
  UnitScores kept;
  for (int i = 0; i < attribution.scores_size(); ++i) {
    const v1::Unit& unit = attribution.units(i);
    if (unit.is_special()) continue;
    kept.units.emplace_back(unit.begin_token(), unit.end_token());
    kept.scores.push_back(attribution.scores(i));
  }
  return kept;
}

// Whatever a shuffled model predicts, it is asked about what the whole one predicted.
void Freeze(const v1::Prediction& prediction, v1::Target* target) {
  const v1::ResolvedTarget& resolved = prediction.target();
  if (!prediction.has_classes()) {
    if (target->kind_case() == v1::Target::KIND_NOT_SET) target->mutable_mean_output();
  } else if (resolved.foil_index() >= 0) {
    target->mutable_contrast()->mutable_target()->set_index(resolved.class_index());
    target->mutable_contrast()->mutable_foil()->set_index(resolved.foil_index());
  } else if (resolved.class_index() >= 0) {
    target->mutable_class_()->set_index(resolved.class_index());
  }
}

class RandomizationTest {
 public:
  RandomizationTest(const SanityPlan& plan, const SanityProgress& progress, const std::filesystem::path& folder,
                    Interruption* interruption)
      : plan_(plan), progress_(progress), folder_(folder), interruption_(*interruption) {}

  // Each is for the one after it.
  absl::Status ExplainWhole();
  absl::Status LeaveOut();
  absl::Status ExplainShuffled();

  SanityResult TakeResult() && { return std::move(result_); }

 private:
  absl::StatusOr<std::unique_ptr<PrivateServer>> Serve(const std::filesystem::path& model_folder) const {
    return PrivateServer::Start(plan_.server_binary, model_folder, folder_, &interruption_);
  }
  // `text`: index into plan_.texts.
  absl::StatusOr<Explanation> Explain(const PrivateServer& server, const std::string& stage, size_t text) const;
  void LeaveOutMethods();
  absl::Status ExplainStage(const PrivateServer& server, const std::string& stage);

  const SanityPlan& plan_;
  const SanityProgress& progress_;
  const std::filesystem::path& folder_;
  Interruption& interruption_;
  bool has_head_ = false;
  std::vector<Case> cases_;    // by text
  std::vector<size_t> texts_;  // those that are kept
  SanityResult result_;
};

absl::StatusOr<Explanation> RandomizationTest::Explain(const PrivateServer& server, const std::string& stage,
                                                       size_t text) const {
  progress_(stage, text + 1);
  absl::StatusOr<Explanation> explanation = server.Explain(cases_[text].request);
  if (explanation.ok()) return explanation;
  const absl::Status& status = explanation.status();
  return absl::Status(status.code(), absl::StrCat("text ", text + 1, ", ", stage, ": ", status.message()));
}

absl::Status RandomizationTest::ExplainWhole() {
  const auto server = Serve(plan_.model_folder);
  if (!server.ok()) return server.status();
  for (size_t text = 0; text < plan_.texts.size(); ++text) {
    v1::ExplainRequest& request = cases_.emplace_back().request;
    request.mutable_input()->set_text(plan_.texts[text]);
    if (plan_.target.kind_case() != v1::Target::KIND_NOT_SET) *request.mutable_target() = plan_.target;
    request.mutable_methods()->Assign(plan_.methods.begin(), plan_.methods.end());
    const absl::StatusOr<Explanation> explanation = Explain(**server, "whole model", text);
    if (!explanation.ok()) return explanation.status();
    has_head_ = explanation->prediction.has_classes();
    Freeze(explanation->prediction, request.mutable_target());
    for (const v1::Attribution& attribution : explanation->attributions) {
      cases_[text].whole.push_back(WithoutSpecialTokens(attribution));
    }
  }
  return absl::OkStatus();
}

void RandomizationTest::LeaveOutMethods() {
  std::vector<Case> kept = cases_;
  for (Case& each : kept) {
    each.request.clear_methods();
    each.whole.clear();
  }
  for (size_t method = 0; method < plan_.methods.size(); ++method) {
    const auto is_silent = [&](const Case& each) { return each.whole[method].scores.empty(); };
    if (std::all_of(cases_.begin(), cases_.end(), is_silent)) {
      result_.methods_without_scores.push_back(plan_.method_names[method]);
      continue;
    }
    result_.methods.push_back({.method = plan_.method_names[method], .correlations = {}});
    for (size_t text = 0; text < cases_.size(); ++text) {
      *kept[text].request.add_methods() = plan_.methods[method];
      kept[text].whole.push_back(std::move(cases_[text].whole[method]));
    }
  }
  cases_ = std::move(kept);
}

absl::Status RandomizationTest::LeaveOut() {
  LeaveOutMethods();
  if (result_.methods.empty()) return absl::UnknownError("no method gives scores to pieces of the text");
  for (size_t text = 0; text < cases_.size(); ++text) {
    const std::vector<UnitScores>& whole = cases_[text].whole;
    const auto fewest = std::min_element(whole.begin(), whole.end(), [](const UnitScores& a, const UnitScores& b) {
      return a.scores.size() < b.scores.size();
    });
    if (fewest->scores.size() >= kMinUnits) {
      texts_.push_back(text);
    } else {
      const auto method = static_cast<size_t>(fewest - whole.begin());
      result_.short_texts.push_back({plan_.texts[text], result_.methods[method].method, fewest->scores.size()});
    }
  }
  result_.num_texts = texts_.size();
  if (!texts_.empty()) return absl::OkStatus();
  return absl::UnknownError(absl::StrCat("no text has ", kMinUnits, " pieces for every method: too short to rank"));
}

absl::Status RandomizationTest::ExplainShuffled() {
  const std::filesystem::path copy = folder_ / "model";
  if (const absl::Status copied = CopyModel(plan_.model_folder, copy); !copied.ok()) return copied;
  for (const ShuffleStage& stage : ShuffleStages(plan_.tensors, has_head_)) {
    for (const StoredTensor& tensor : stage.tensors) {
      const absl::Status shuffled = ShuffleStoredTensor(copy / "model.safetensors", tensor, plan_.seed);
      if (!shuffled.ok()) return shuffled;
    }
    const auto server = Serve(copy);
    if (!server.ok()) return server.status();
    if (const absl::Status explained = ExplainStage(**server, stage.name); !explained.ok()) return explained;
  }
  return absl::OkStatus();
}

absl::Status RandomizationTest::ExplainStage(const PrivateServer& server, const std::string& stage) {
  std::vector<double> sums(result_.methods.size(), 0);
  std::vector<size_t> counts(result_.methods.size(), 0);
  for (const size_t text : texts_) {
    const absl::StatusOr<Explanation> explanation = Explain(server, stage, text);
    if (!explanation.ok()) return explanation.status();
    for (size_t method = 0; method < sums.size(); ++method) {
      const UnitScores& before = cases_[text].whole[method];
      const UnitScores after = WithoutSpecialTokens(explanation->attributions[method]);
      // Some methods choose their units by the scores.
      if (after.units != before.units) continue;
      const std::optional<double> correlation = RankCorrelation(before.scores, after.scores);
      sums[method] += correlation.value_or(0);
      counts[method] += correlation.has_value() ? 1 : 0;
    }
  }
  result_.stages.push_back(stage);
  for (size_t method = 0; method < sums.size(); ++method) {
    std::optional<double> mean;
    if (counts[method] > 0) mean = sums[method] / static_cast<double>(counts[method]);
    result_.methods[method].correlations.push_back(mean);
  }
  return absl::OkStatus();
}

}  // namespace

bool MethodSanity::hardly_depends_on_weights() const {
  return !correlations.empty() && correlations.back().has_value() && std::abs(*correlations.back()) > kHardly;
}

absl::StatusOr<SanityResult> RunRandomizationTest(const SanityPlan& plan, const SanityProgress& progress) {
  Interruption interruption;
  const absl::StatusOr<TemporaryFolder> folder = TemporaryFolder::Create();
  if (!folder.ok()) return folder.status();
  RandomizationTest test(plan, progress, folder->path(), &interruption);
  for (const auto step :
       {&RandomizationTest::ExplainWhole, &RandomizationTest::LeaveOut, &RandomizationTest::ExplainShuffled}) {
    if (const absl::Status done = (test.*step)(); !done.ok()) return done;
  }
  return std::move(test).TakeResult();
}

}  // namespace limpid::client
