#include "methods/lib/reduction.h"

#include <algorithm>
#include <limits>
#include <numeric>
#include <utility>

#include "methods/lib/leave_one_out.h"

namespace limpid::methods {

using explain::MethodInput;
using Outcome = explain::Edits::Outcome;

namespace {

constexpr uint32_t kTrialsOfEach = 2;

}  // namespace

Reduction::Reduction(const EditOptions& options, const MethodInput& input, const engine::Prediction& base)
    : limits_(options.limits),
      trials_(input, base, limits_.max_rows),
      words_(ChangeableWords(limits_, input)),
      losses_(words_.size(), 0),
      beam_({{.changes = {}, .trial = *trials_.Find({})}}) {
  if (beam_.front().trial.margin <= 0) end_ = End::kNoDecision;
}

std::vector<engine::Row> Reduction::Advance(const MethodInput& input, std::span<const engine::RowResult> rows) {
  trials_.Take(rows);
  for (;;) {
    if (std::vector<engine::Row> more = trials_.NextRows(input); !more.empty()) return more;
    TakeTrials();
    if (end_ == End::kNone) TryMore(input.num_tokens());
    if (end_ != End::kNone) return {};
  }
}

Changes Reduction::After(const Step& step) const {
  const explain::Unit& word = words_[step.word];
  return With(beam_[step.parent].changes, {.begin_token = word.begin_token, .end_token = word.end_token});
}

// Where the class stays ahead, the next beam.
void Reduction::TakeTrials() {
  std::vector<Reduced> next;
  for (const Step& step : std::exchange(tried_, {})) {
    Changes changes = After(step);
    const Trials::Trial& trial = *trials_.Find(changes);
    losses_[step.word] = beam_[step.parent].trial.margin - trial.margin;
    if (trial.margin > 0) next.push_back({std::move(changes), trial});
  }
  if (beam_.front().changes.empty()) first_losses_ = losses_;
  if (next.empty()) return;
  std::ranges::stable_sort(next, std::ranges::greater(), [](const Reduced& reduced) { return reduced.trial.margin; });
  next.resize(std::min<size_t>(next.size(), limits_.beam_width));
  beam_ = std::move(next);
  trials_.Forget();
  if (beam_.front().changes.size() >= limits_.max_edits) end_ = End::kMaxEdits;
}

// So many that the rows suffice for one word after the other; half of them may go into the first round, and a few for
// each reduced input into any other.
void Reduction::TryMore(size_t num_tokens) {
  const std::vector<Step> untried = UntriedSteps(num_tokens);
  if (untried.empty()) {
    end_ = End::kExhausted;
    return;
  }
  const size_t num_words = words_.size() - beam_.front().changes.size();
  const bool is_first = beam_.front().changes.empty();
  const size_t enough = size_t{kTrialsOfEach} * limits_.beam_width;
  const size_t most =
      is_first ? (trials_.rows_left() + 1) / 2 : std::clamp<size_t>(trials_.rows_left() / num_words, 1, enough);
  for (const Step& step : untried) {
    if (tried_.size() == most) break;
    const Changes changes = After(step);
    if (trials_.Knows(changes)) continue;  // of two parents
    if (!trials_.Try(changes)) break;
    tried_.push_back(step);
  }
  if (tried_.empty()) end_ = End::kBudget;
}

// The best of each parent, the second of each ...
std::vector<Reduction::Step> Reduction::UntriedSteps(size_t num_tokens) const {
  std::vector<size_t> order(words_.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::ranges::stable_sort(order, {}, [this](size_t word) { return losses_[word]; });
  std::vector<Step> steps;
  for (size_t word : order) {
    for (size_t parent = 0; parent < beam_.size(); ++parent) {
      const explain::Unit& unit = words_[word];
      if (!AreApart(beam_[parent].changes, {.begin_token = unit.begin_token, .end_token = unit.end_token})) continue;
      const Changes changes = After({parent, word});
      if (!trials_.Knows(changes) && LeaveTokens(changes, num_tokens)) steps.push_back({parent, word});
    }
  }
  return steps;
}

explain::TokenScores Reduction::Result(const MethodInput& input) const {
  explain::TokenScores result;
  result.card.is_signed = true;
  result.card.form = FormOf(limits_);
  result.card.replacement = explain::Replacement::kDelete;
  result.card.units = static_cast<uint32_t>(words_.size());
  result.scores = SpreadOverTokens(words_, first_losses_, input.num_tokens());
  const Reduced& best = beam_.front();
  explain::Edits edits = DescribeChanges(input, best.changes);
  trials_.decision().Describe(input.model, trials_.Find({})->logits, best.trial.logits, &edits);
  edits.is_minimal = end_ == End::kExhausted;
  edits.outcome = best.changes.empty() ? Outcome::kNotFound : Outcome::kFound;
  if (end_ == End::kBudget) edits.outcome = Outcome::kBudgetSpent;
  result.edits = std::move(edits);
  return result;
}

std::vector<explain::Forecast> Reduction::Expect(const EditOptions& options, const MethodInput& input) {
  const EditLimits& limits = options.limits;
  const uint64_t words = ChangeableWords(limits, input).size();
  const uint64_t all = words + limits.beam_width * words * words / 2;
  return {{.rows = static_cast<uint32_t>(std::min<uint64_t>(limits.max_rows, all))}};
}

}  // namespace limpid::methods
