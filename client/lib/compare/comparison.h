#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "lib/gather.h"
#include "limpid/v1/explain.pb.h"

namespace limpid::client {

// The scores that one method, or one model, gives the pieces of a text.
struct ComparedRow {
  std::string name;        // the method or model as it was asked for
  size_t answer = 0;       // of Comparison::answers
  size_t attribution = 0;  // of that answer
};

// How far two rows say the same.
struct Agreement {
  // With the same place in the text in both; special tokens do not count. The rest is about these.
  size_t shared_pieces = 0;
  // By the scores, or by their sizes where only one of the two has signs.
  bool of_sizes = false;
  // Spearman's; nothing where one of the two does not vary.
  std::optional<double> rank_correlation;
  // How many of the `top` pieces with the largest |score| are the same (feature agreement, Krishna et al. 2022);
  // nothing where there are no more than `top` pieces.
  std::optional<size_t> top_in_common;
};

struct Comparison {
  v1::ExplainRequest request;
  std::vector<Explanation> answers;  // one with all methods, or one a model
  std::vector<ComparedRow> rows;
  std::vector<std::string> without_scores;  // methods that give pieces of the text none
  size_t top = 5;

  const v1::Attribution& AttributionOf(const ComparedRow& row) const {
    return answers[row.answer].attributions[row.attribution];
  }
  Agreement Between(size_t first, size_t second) const;
};

// Adds an answer with a row for each of its attributions. `names` are those of the methods asked for or, of an answer
// to one method, the model's.
void AddAnswer(Explanation answer, const std::vector<std::string>& names, Comparison* comparison);

Agreement CompareScores(const v1::Attribution& first, const v1::Attribution& second, size_t top);

// Indices of the at most `top` pieces of text with the largest |score|, the largest first, of equal ones the earlier.
std::vector<int> StrongestPieces(const v1::Attribution& attribution, size_t top);

}  // namespace limpid::client
