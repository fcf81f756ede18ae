#include "lib/render/card_words.h"

#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "lib/render/visible_text.h"
#include "lib/request/message_options.h"

namespace limpid::client {
namespace {

const char* AttachPointWords(v1::AttachPoint point) {
  switch (point) {
    case v1::ATTACH_POINT_WORD_EMBEDDING:
      return "at the word embedding";
    case v1::ATTACH_POINT_EMBEDDING_SUM:
      return "at the sum of the embeddings";
    case v1::ATTACH_POINT_EMBEDDING_OUTPUT:
      return "at the embedding module's output";
    default:
      return "";
  }
}

const char* ReductionWords(v1::Reduction reduction) {
  switch (reduction) {
    case v1::REDUCTION_L2:
      return "L2 norm";
    case v1::REDUCTION_L1:
      return "L1 norm";
    case v1::REDUCTION_MEAN_ABS:
      return "mean of |values|";
    case v1::REDUCTION_SUM:
      return "sum";
    default:
      return "";
  }
}

std::string QueryWords(int32_t query_token, const v1::Prediction& prediction) {
  std::string query = absl::StrCat("seen from token ", query_token);
  if (query_token < prediction.tokens_size()) {
    absl::StrAppend(&query, " ", VisibleText(prediction.tokens(query_token).text()));
  }
  return query;
}

// Of an integral the samples are its nodes, which no seed chooses.
bool IsIntegral(const v1::MethodCard& card) { return card.has_completeness() && !card.baseline().empty(); }

void AddSampling(const v1::MethodCard& card, std::vector<std::string>* words) {
  if (card.samples() == 0) return;
  words->push_back(absl::StrCat(card.samples(), IsIntegral(card) ? " nodes" : " samples"));
  if (!IsIntegral(card)) words->push_back(absl::StrCat("seed ", card.seed()));
}

}  // namespace

std::string CardWords(const v1::Attribution& attribution, const v1::Prediction& prediction) {
  const v1::MethodCard& card = attribution.card();
  std::vector<std::string> words;
  for (const char* phrase : {AttachPointWords(card.attach_point()), ReductionWords(card.reduction())}) {
    if (phrase[0] != '\0') words.push_back(phrase);
  }
  if (card.layer() >= 0) words.push_back(absl::StrCat("layer ", card.layer()));
  if (card.query_token() >= 0) words.push_back(QueryWords(card.query_token(), prediction));
  if (!card.baseline().empty()) words.push_back(absl::StrCat("baseline ", VisibleText(card.baseline())));
  if (card.replacement() != v1::REPLACEMENT_UNSPECIFIED) {
    words.push_back(absl::StrCat("replacement ", TypedValue(*v1::Replacement_descriptor(), card.replacement())));
  }
  if (!card.form().empty()) words.push_back(VisibleText(card.form()));
  AddSampling(card, &words);
  if (card.units() > 0) words.push_back(absl::StrCat(card.units(), " units"));
  if (card.rows() > 0) words.push_back(absl::StrCat(card.rows(), card.rows() == 1 ? " pass" : " passes"));
  if (!attribution.has_heads()) words.push_back(card.is_signed() ? "signed" : "size only");
  if (!card.depends_on_target()) words.push_back("the same for every target");
  return absl::StrJoin(words, ", ");
}

}  // namespace limpid::client
