#include "lib/attack/attack_run.h"

#include <utility>

#include "lib/batch/ordered_calls.h"

namespace limpid::client {
namespace {

// Texts under way or waiting for one before them, as a multiple of the calls.
constexpr size_t kWindow = 4;

struct Result {
  TextRecord record;
  absl::StatusOr<Attacked> attacked;
};

}  // namespace

absl::Status AttackAll(const v1::ExplainRequest& request, size_t concurrency, const ExplainClient& client,
                       const Patience& patience, TextSource* source,
                       const std::function<void(const TextRecord&, const absl::StatusOr<Attacked>&)>& deliver) {
  const auto attack = [&](const TextRecord& record) -> absl::StatusOr<Result> {
    if (!record.problem.ok()) return Result{record, record.problem};
    v1::ExplainRequest asked = request;
    asked.mutable_input()->set_text(record.text);
    asked.mutable_input()->set_text_pair(record.pair);
    absl::StatusOr<Attacked> attacked = patience.Try([&] { return AttackText(client, asked); });
    if (!attacked.ok() && ConcernsAllTexts(attacked.status())) return attacked.status();
    return Result{record, std::move(attacked)};
  };
  const auto deliver_result = [&](const Result& result) {
    deliver(result.record, result.attacked);
    return absl::OkStatus();
  };
  OrderedCalls<TextRecord, Result> calls(
      {.next = [&] { return source->Next(); }, .call = attack, .deliver = deliver_result}, concurrency,
      kWindow * concurrency);
  return calls.Run();
}

}  // namespace limpid::client
