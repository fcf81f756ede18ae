#pragma once

#include <cstddef>
#include <functional>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "lib/batch/ordered_calls.h"
#include "lib/batch/patience.h"
#include "lib/batch/progress.h"
#include "lib/texts/text_file.h"
#include "limpid/v1/explain.pb.h"

namespace limpid::client {

// The same asked about all texts of a file, to be counted rather than kept.
struct TextRun {
  v1::ExplainRequest request;  // without a text
  size_t concurrency = 1;
  absl::Duration patience;
};

struct TextRunResult {
  RunCounts counts;
  absl::Status first_failure;  // of a text
  absl::Status stopped_by;     // what concerns all texts
};

// Asks about each text, many at a time, and delivers what came of each in their order, by one thread at a time. Texts
// under way or waiting for one before them are at most a multiple of the calls.
template <typename Answer>
TextRunResult AskAboutEach(const TextRun& run,
                           const std::function<absl::StatusOr<Answer>(const v1::ExplainRequest&)>& ask,
                           const std::function<void(const TextRecord&, const absl::StatusOr<Answer>&)>& deliver,
                           TextFile* file, Progress* progress) {
  constexpr size_t kWindow = 4;
  using Result = std::pair<TextRecord, absl::StatusOr<Answer>>;
  TextRunResult result;
  const Patience patience(
      run.patience, [] { return false; }, [&](const absl::Status& failure) { progress->Waiting(failure); });
  const auto call = [&](const TextRecord& record) -> absl::StatusOr<Result> {
    if (!record.problem.ok()) return Result{record, record.problem};
    v1::ExplainRequest asked = run.request;
    asked.mutable_input()->set_text(record.text);
    asked.mutable_input()->set_text_pair(record.pair);
    absl::StatusOr<Answer> answer = patience.Try([&] { return ask(asked); });
    if (!answer.ok() && ConcernsAllTexts(answer.status())) return answer.status();
    return Result{record, std::move(answer)};
  };
  const auto deliver_result = [&](const Result& done) {
    const auto& [record, answer] = done;
    ++result.counts.done;
    if (!answer.ok()) ++result.counts.failed;
    result.first_failure.Update(answer.status());
    result.counts.share = static_cast<double>(record.end_byte) / static_cast<double>(file->bytes);
    progress->Show(result.counts);
    deliver(record, answer);
    return absl::OkStatus();
  };
  OrderedCalls<TextRecord, Result> calls(
      {.next = [&] { return file->source->Next(); }, .call = call, .deliver = deliver_result}, run.concurrency,
      kWindow * run.concurrency);
  result.stopped_by = calls.Run();
  return result;
}

}  // namespace limpid::client
