#include "methods/lib/edit_search.h"

#include <algorithm>

namespace limpid::methods {
namespace {

using explain::MethodInput;
using Outcome = explain::Edits::Outcome;

// A round takes this part of the rows that are left: the first ones matter most, but more edits need rows as well.
constexpr uint32_t kShareOfRound = 3;
// So that what is found can be made minimal, this part of all rows is left, but no more than there are proper parts to
// try of MinimalPart::kMaxVerified changes.
constexpr uint32_t kShareOfShrinking = 8;
constexpr uint32_t kMostForShrinking = (1u << MinimalPart::kMaxVerified) - 2;

uint32_t RowsForShrinking(const EditLimits& limits) {
  return limits.max_edits == 1 ? 0 : std::min(limits.max_rows / kShareOfShrinking, kMostForShrinking);
}

// The first of the one, the first of the other, the second of the one ...
std::vector<Guess> Alternating(const std::vector<Guess>& one, const std::vector<Guess>& other) {
  std::vector<Guess> both;
  for (size_t i = 0; i < std::max(one.size(), other.size()); ++i) {
    if (i < one.size()) both.push_back(one[i]);
    if (i < other.size()) both.push_back(other[i]);
  }
  return both;
}

}  // namespace

EditSearch::EditSearch(const EditOptions& options, const MethodInput& input, const engine::Prediction& base)
    : options_(options), trials_(input, base, options.limits.max_rows) {
  if (options_.has_substitutions) {
    guesses_.emplace(options_.limits, options_.candidates, options_.words_only, input);
  }
  if (options_.has_deletions) {
    for (const explain::Unit& word : ChangeableWords(options_.limits, input)) {
      singles_.push_back({.change = {.begin_token = word.begin_token, .end_token = word.end_token}});
    }
  }
  tried_ = beam_;
}

std::vector<engine::Row> EditSearch::Advance(const MethodInput& input, std::span<const engine::RowResult> rows) {
  if (stage_ == Stage::kGuessing) {
    TryGuesses(guesses_->Read(rows, trials_), input.num_tokens());
    stage_ = Stage::kTrying;
  } else {
    trials_.Take(rows);
  }
  for (;;) {
    if (std::vector<engine::Row> more = trials_.NextRows(input); !more.empty()) return more;
    if (stage_ == Stage::kTrying) EndRound();
    if (stage_ == Stage::kShrinking && part_->Advance(&trials_)) stage_ = Stage::kDone;
    if (stage_ == Stage::kDone) return {};
    if (stage_ == Stage::kGuessing) {
      if (std::vector<engine::Row> more = BeginRound(input); !more.empty()) return more;
      TryGuesses({}, input.num_tokens());
      stage_ = Stage::kTrying;
    }
  }
}

std::vector<engine::Row> EditSearch::BeginRound(const MethodInput& input) {
  ++round_;
  tried_.clear();
  if (!guesses_.has_value()) return {};
  return guesses_->Rows(input, beam_, &trials_);
}

// What was tried becomes the beam, unless it turned the decision.
void EditSearch::EndRound() {
  const auto margin = [this](const Changes& changes) { return trials_.MarginOf(changes); };
  std::ranges::stable_sort(tried_, {}, margin);
  if (!tried_.empty() && margin(tried_.front()) < margin(best_)) best_ = tried_.front();
  if (round_ == 1) {
    singles_.clear();
    for (const Changes& changes : tried_) singles_.push_back({changes.front(), MarginLost(changes)});
  }
  if (margin(best_) < 0) {
    part_.emplace(best_);
    stage_ = Stage::kShrinking;
    return;
  }
  stage_ = tried_.empty() || round_ == options_.limits.max_edits ? Stage::kDone : Stage::kGuessing;
  beam_.assign(tried_.begin(), tried_.begin() + std::min<ptrdiff_t>(options_.limits.beam_width, std::ssize(tried_)));
}

// Those at the front of the two lists.
void EditSearch::TryGuesses(std::vector<Guess> by_estimate, size_t num_tokens) {
  std::ranges::stable_sort(by_estimate, {}, &Guess::margin);
  const uint32_t rows_before = trials_.rows_left(), most = RowsOfRound();
  for (const Guess& guess : Alternating(GuessesFromSingles(), by_estimate)) {
    Changes changes = With(beam_[guess.parent], guess.change);
    if (trials_.Knows(changes) || !LeaveTokens(changes, num_tokens)) continue;
    if (rows_before - trials_.rows_left() == most || !trials_.Try(changes)) {
      is_cut_ = true;
      break;
    }
    tried_.push_back(std::move(changes));
  }
}

// Each of them in each input of the beam, as if losses added up.
std::vector<Guess> EditSearch::GuessesFromSingles() const {
  std::vector<Guess> guesses;
  for (size_t parent = 0; parent < beam_.size(); ++parent) {
    for (const Single& single : singles_) {
      if (!AreApart(beam_[parent], single.change)) continue;
      const float margin = trials_.MarginOf(beam_[parent]) - single.loss;
      guesses.push_back({.parent = parent, .change = single.change, .margin = margin});
    }
  }
  std::ranges::stable_sort(guesses, {}, &Guess::margin);
  return guesses;
}

uint32_t EditSearch::RowsOfRound() const {
  const uint32_t reserve = RowsForShrinking(options_.limits);
  const uint32_t left = trials_.rows_left() - std::min(trials_.rows_left(), reserve);
  const uint32_t share = std::min(kShareOfRound, options_.limits.max_edits - round_ + 1);
  return (left + share - 1) / share;
}

std::vector<float> EditSearch::ScoresOfSingles(size_t num_tokens) const {
  std::vector<float> scores(num_tokens, 0);
  std::vector<bool> is_scored(num_tokens, false);
  for (const Single& single : singles_) {
    const float score = single.loss / static_cast<float>(single.change.end_token - single.change.begin_token);
    for (uint32_t t = single.change.begin_token; t < single.change.end_token; ++t) {
      scores[t] = is_scored[t] ? std::max(scores[t], score) : score;
      is_scored[t] = true;
    }
  }
  return scores;
}

explain::TokenScores EditSearch::Result(const MethodInput& input) const {
  explain::TokenScores result;
  result.card.is_signed = true;
  result.card.form = FormOf(options_.limits);
  if (options_.has_substitutions) result.card.attach_point = engine::AttachPoint::kWordEmbedding;
  if (options_.has_deletions) result.card.replacement = explain::Replacement::kDelete;
  const Changes& changes = part_.has_value() ? part_->changes() : best_;
  explain::Edits edits = DescribeChanges(input, changes);
  trials_.decision().Describe(input.model, trials_.Find({})->logits, trials_.Find(changes)->logits, &edits);
  edits.is_minimal = part_.has_value() && part_->is_minimal();
  edits.outcome = part_.has_value() ? Outcome::kFound : is_cut_ ? Outcome::kBudgetSpent : Outcome::kNotFound;
  result.edits = std::move(edits);
  result.scores = ScoresOfSingles(input.num_tokens());
  return result;
}

std::vector<explain::Forecast> EditSearch::Expect(const EditOptions& options, const MethodInput& input) {
  const EditLimits& limits = options.limits;
  std::vector<explain::Forecast> forecasts;
  uint32_t backward = 0;
  if (options.has_substitutions) {
    const SubstitutionGuesses guesses(limits, options.candidates, options.words_only, input);
    explain::Forecast forecast = guesses.Expect(1 + (limits.max_edits - 1) * limits.beam_width);
    forecast.rows = backward = std::min(forecast.rows, limits.max_rows);
    forecasts.push_back(std::move(forecast));
  }
  forecasts.push_back({.rows = limits.max_rows - backward});
  return forecasts;
}

}  // namespace limpid::methods
