#include "lib/batch/batch_run.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "lib/batch/batch_line.h"
#include "lib/batch/ordered_calls.h"

namespace limpid::client {
namespace {

// Texts under way or waiting for one before them, as a multiple of the calls: a slow text holds up no others until
// then.
constexpr size_t kWindow = 4;

struct Line {
  std::string text;
  absl::Status failure;  // of its text
  absl::Status lost;     // why its arrays could not be kept, which no other text could be spared
  size_t end_byte = 0;
};

class Batch {
 public:
  Batch(const BatchPlan& plan, const ExplainClient& client, const Patience& patience)
      : plan_(plan), client_(client), patience_(patience) {}

  // An error if it is about more than this text.
  absl::StatusOr<Line> LineFor(const TextRecord& record) const {
    Line line;
    line.end_byte = record.end_byte;
    const absl::StatusOr<std::string> text = record.problem.ok() ? Answer(record, &line.lost) : record.problem;
    if (!text.ok() && record.problem.ok() && ConcernsAllTexts(text.status())) return text.status();
    line.failure = text.status();
    line.text = text.ok() ? *text : FailedLine(record, text.status());
    return line;
  }

 private:
  absl::StatusOr<std::string> Answer(const TextRecord& record, absl::Status* lost) const {
    return plan_.predicts ? Predict(record) : Explain(record, lost);
  }

  absl::StatusOr<std::string> Explain(const TextRecord& record, absl::Status* lost) const {
    v1::ExplainRequest request = plan_.request;
    request.mutable_input()->set_text(record.text);
    request.mutable_input()->set_text_pair(record.pair);
    absl::StatusOr<Explanation> answer = patience_.Try([&] { return client_.Explain(request); });
    if (!answer.ok()) return answer.status();
    if (const absl::Status same = CheckModel(answer->summary); !same.ok()) return same;
    if (plan_.arrays != nullptr) {
      *lost = plan_.arrays->Write(record.index, request, *answer);
      if (absl::IsOutOfRange(*lost)) return std::exchange(*lost, absl::OkStatus());
      answer->attention.clear();
    }
    return ExplainedLine(record, *answer);
  }

  absl::StatusOr<std::string> Predict(const TextRecord& record) const {
    v1::PredictRequest request;
    request.set_model(plan_.request.model());
    *request.mutable_input() = plan_.request.input();
    request.mutable_input()->set_text(record.text);
    request.mutable_input()->set_text_pair(record.pair);
    const absl::StatusOr<v1::PredictResponse> answer = patience_.Try([&] { return client_.Predict(request); });
    if (!answer.ok()) return answer.status();
    if (const absl::Status same = CheckModel(answer->summary()); !same.ok()) return same;
    return PredictedLine(record, answer->prediction());
  }

  absl::Status CheckModel(const v1::Summary& summary) const {
    if (summary.model().weights_sha256() == plan_.model.weights_sha256()) return absl::OkStatus();
    return absl::NotFoundError(absl::StrCat("the server has put other weights in the place of ", plan_.model.name(),
                                            ": ", summary.model().weights_sha256()));
  }

  const BatchPlan& plan_;
  const ExplainClient& client_;
  const Patience& patience_;
};

double Share(const BatchPlan& plan, size_t bytes) {
  if (!plan.input_bytes.has_value()) return -1;
  return static_cast<double>(bytes) / static_cast<double>(std::max<uint64_t>(*plan.input_bytes, 1));
}

// Passes over the texts that are done.
absl::Status PassOver(const BatchPlan& plan, size_t num_texts, TextSource* source, RunCounts* counts) {
  counts->share = Share(plan, 0);
  for (size_t i = 0; i < num_texts; ++i) {
    const absl::StatusOr<std::optional<TextRecord>> record = source->Next();
    if (!record.ok()) return record.status();
    if (!record->has_value())
      return absl::FailedPreconditionError("the output has more lines than the input has texts");
    counts->share = Share(plan, (*record)->end_byte);
  }
  counts->share_before = counts->share;
  return absl::OkStatus();
}

}  // namespace

BatchResult RunBatch(const BatchPlan& plan, const ExplainClient& client, const Patience& patience,
                     const std::function<bool()>& is_over, TextSource* source, Journal* journal, Progress* progress) {
  const absl::Time begin = absl::Now();
  BatchResult result;
  RunCounts& counts = result.counts;
  counts.done = counts.done_before = journal->num_lines();
  counts.failed = journal->num_failed();
  result.stopped_by = PassOver(plan, journal->num_lines(), source, &counts);
  if (!result.stopped_by.ok()) return result;

  const Batch batch(plan, client, patience);
  OrderedCalls<TextRecord, Line> calls({.next = [&]() -> absl::StatusOr<std::optional<TextRecord>> {
                                          if (is_over()) return absl::CancelledError("interrupted");
                                          return source->Next();
                                        },
                                        .call = [&](const TextRecord& record) { return batch.LineFor(record); },
                                        .deliver =
                                            [&](const Line& line) {
                                              if (!line.lost.ok()) return line.lost;
                                              if (const absl::Status appended = journal->Append(line.text);
                                                  !appended.ok())
                                                return appended;
                                              ++counts.done;
                                              if (!line.failure.ok()) ++counts.failed;
                                              if (result.first_failure.ok()) result.first_failure = line.failure;
                                              counts.share = Share(plan, line.end_byte);
                                              progress->Show(counts);
                                              return absl::OkStatus();
                                            }},
                                       plan.concurrency, kWindow * plan.concurrency);
  result.stopped_by = calls.Run();
  if (result.stopped_by.ok()) result.stopped_by = journal->Sync();
  result.elapsed = absl::Now() - begin;
  return result;
}

}  // namespace limpid::client
