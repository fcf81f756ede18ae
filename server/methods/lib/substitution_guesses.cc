#include "methods/lib/substitution_guesses.h"

#include <algorithm>
#include <utility>

namespace limpid::methods {

SubstitutionGuesses::SubstitutionGuesses(const EditLimits& limits, uint32_t candidates, bool words_only,
                                         const explain::MethodInput& input)
    : candidates_(std::min(candidates, static_cast<uint32_t>(input.model.vocab_size))), words_only_(words_only) {
  const std::vector<bool> may_change = ChangeableTokens(limits, input);
  const std::vector<text::Token>& tokens = input.encoding.tokens;
  const text::Spelling spelling = input.tokenizer.spelling();
  for (size_t t = 0; t < tokens.size(); ++t) {
    const bool is_piece = text::GoesOn(tokens[t].text, spelling);
    const bool is_cut = is_piece || (t + 1 < tokens.size() && tokens[t + 1].word == tokens[t].word &&
                                     text::GoesOn(tokens[t + 1].text, spelling));
    // What is left of a word whose beginning is replaced is no word.
    const bool is_possible = may_change[t] && !(words_only && is_cut);
    kinds_.push_back(!is_possible ? Kind::kUntouchable : is_piece ? Kind::kPiece : Kind::kWord);
  }
}

explain::Forecast SubstitutionGuesses::Expect(uint32_t num_parents) const {
  explain::Forecast forecast;
  engine::SubstitutionSearch search;
  search.count = static_cast<int32_t>(candidates_);
  for (const Kind kind : {Kind::kWord, Kind::kPiece}) {
    if (std::ranges::find(kinds_, kind) != kinds_.end()) forecast.rows += num_parents;
  }
  for (size_t t = 0; t < kinds_.size(); ++t) {
    if (kinds_[t] != Kind::kUntouchable) search.tokens.push_back(static_cast<int32_t>(t));
  }
  forecast.wanted.substitutions = std::move(search);
  return forecast;
}

std::vector<engine::Row> SubstitutionGuesses::Rows(const explain::MethodInput& input,
                                                   const std::vector<Changes>& parents, Trials* trials) {
  if (!allowed_.has_value()) allowed_.emplace(input.tokenizer, input.model, words_only_);
  asked_.clear();
  std::vector<engine::Row> rows;
  for (size_t parent = 0; parent < parents.size(); ++parent) {
    const std::vector<uint32_t> origins = OriginOfTokens(parents[parent], input.num_tokens());
    for (const Kind kind : {Kind::kWord, Kind::kPiece}) {
      std::vector<int32_t> tokens;
      for (size_t t = 0; t < origins.size(); ++t) {
        const Change any = {.begin_token = origins[t], .end_token = origins[t] + 1};
        if (kinds_[origins[t]] == kind && AreApart(parents[parent], any)) tokens.push_back(static_cast<int32_t>(t));
      }
      if (tokens.empty() || !trials->Spend(1)) continue;
      engine::Row& row = rows.emplace_back(Changed(input, parents[parent], trials->whole()));
      row.target = trials->decision().MarginTarget();
      row.wanted.substitutions = {.count = static_cast<int32_t>(candidates_),
                                  .is_allowed = kind == Kind::kPiece ? allowed_->pieces : allowed_->words,
                                  .tokens = std::move(tokens)};
      asked_.push_back({parent, parents[parent], origins});
    }
  }
  return rows;
}

std::vector<Guess> SubstitutionGuesses::Read(std::span<const engine::RowResult> rows, const Trials& trials) const {
  std::vector<Guess> guesses;
  for (size_t i = 0; i < rows.size(); ++i) {
    const float margin = trials.MarginOf(asked_[i].changes);
    for (const engine::Substitutions& found : rows[i].substitutions) {
      const uint32_t token = asked_[i].origins[static_cast<size_t>(found.token)];
      for (size_t k = 0; k < found.ids.size(); ++k) {
        guesses.push_back({.parent = asked_[i].parent,
                           .change = {.begin_token = token, .end_token = token + 1, .id = found.ids[k]},
                           .margin = margin + found.estimates[k]});
      }
    }
  }
  return guesses;
}

}  // namespace limpid::methods
