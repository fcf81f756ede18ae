#pragma once

#include <deque>
#include <string>
#include <vector>

#include "lib/files/array.h"
#include "lib/gather.h"
#include "limpid/v1/explain.pb.h"

namespace limpid::client {

// An answer as named arrays. README.md lists the names; i is the method's place in the request.
//   tokens [T] text, token_ids [T], is_special [T], sequence [T], offsets.bytes [T,2], offsets.chars [T,2]
//   logits, probabilities [C] and labels [C] text; or embedding [d]
//   scores.<i>.<method> [units] and units.<i> [units,2] (token ranges); or heads.<i> [L,H]
//   attention.<layer> [H,T,K], K = T but with top_k; then attention.<layer>.keys [H,T,K], too; attention.heads (of H)
struct ExplanationArrays {
  std::vector<Array> arrays;
  std::vector<TextArray> texts;  // `info` among them: target, method cards, timings and model as JSON

  // Memory of the arrays that do not lie in the answer itself; a deque, so that it stays where it is.
  std::deque<std::string> storage;
};

// `explanation` must outlive the result.
ExplanationArrays MakeArrays(const v1::ExplainRequest& request, const Explanation& explanation);

}  // namespace limpid::client
