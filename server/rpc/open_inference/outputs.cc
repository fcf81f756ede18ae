#include "rpc/open_inference/outputs.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/status_macros.h"
#include "explain/refusals.h"
#include "explain/tensors.h"
#include "rpc/open_inference/wrong.h"

namespace limpid::rpc {
namespace {

using engine::ModelCard;
using Answers = std::span<const TextAnswer>;
using TensorOr = absl::StatusOr<Tensor>;

bool Always(const ModelCard&) { return true; }
bool HasClasses(const ModelCard& card) { return card.has_classes() && card.task != ModelCard::Task::kRegression; }
bool HasLogits(const ModelCard& card) { return card.has_classes(); }
bool HasEmbedding(const ModelCard& card) { return card.task == ModelCard::Task::kEmbedding; }
bool HasTokenLabels(const ModelCard& card) { return card.task == ModelCard::Task::kTokenClassification; }
bool HasAnswer(const ModelCard& card) { return card.task == ModelCard::Task::kQuestionAnswering; }
bool HasTokenLogits(const ModelCard& card) { return HasTokenLabels(card) || HasAnswer(card); }

// Rows of `of(answer)`, one a text.
template <typename T, typename Of>
Tensor Rows(const char* name, Answers answers, const T& filler, Of of, size_t width = 1) {
  std::vector<std::vector<T>> rows;
  for (const TextAnswer& answer : answers) rows.push_back(of(answer));
  return StackRows(name, rows, filler, width);
}

// One value a text.
template <typename T, typename Of>
Tensor Column(const char* name, Answers answers, Of of) {
  std::vector<T> values;
  for (const TextAnswer& answer : answers) values.push_back(of(answer));
  return {.name = name, .shape = {static_cast<int64_t>(values.size())}, .values = std::move(values)};
}

// `of(token)` of each token of each text.
template <typename T, typename Of>
Tensor TokenRows(const char* name, Answers answers, const T& filler, Of of) {
  return Rows<T>(name, answers, filler, [&](const TextAnswer& answer) {
    std::vector<T> row;
    for (const text::Token& token : answer.prediction.tokens) row.push_back(of(token));
    return row;
  });
}

}  // namespace

struct OutputKind {
  // What a request asks for beyond the prediction.
  enum class Part { kNothing, kPrediction, kMethod, kAttention };
  const char* name;
  const char* datatype;
  std::vector<int64_t> shape;  // behind that of the texts; -1: any size
  bool (*is_of)(const ModelCard&);
  Part needs;
  Part comes_with;  // without being named
  TensorOr (*make)(const char* name, const ModelCard&, Answers);
};

namespace {

// Of a language model the best tokens stand for the classes.
template <typename T, typename OfToken, typename OfOther>
Tensor ClassRows(const char* name, Answers answers, const T& filler, OfToken of_token, OfOther of_other) {
  return Rows<T>(name, answers, filler, [&](const TextAnswer& answer) -> std::vector<T> {
    if (answer.prediction.best_tokens.empty()) return of_other(answer.prediction);
    std::vector<T> row;
    for (const explain::RankedToken& token : answer.prediction.best_tokens) row.push_back(of_token(token));
    return row;
  });
}

TensorOr MakeLogits(const char* name, const ModelCard&, Answers answers) {
  return ClassRows<float>(
      name, answers, 0, [](const auto& token) { return token.logit; },
      [](const auto& prediction) { return prediction.prediction.logits; });
}

TensorOr MakeProbabilities(const char* name, const ModelCard&, Answers answers) {
  return ClassRows<float>(
      name, answers, 0, [](const auto& token) { return std::exp(token.log_prob); },
      [](const auto& prediction) { return prediction.probabilities; });
}

TensorOr MakeLabels(const char* name, const ModelCard& card, Answers answers) {
  return ClassRows<std::string>(
      name, answers, "", [](const auto& token) { return token.text; }, [&](const auto&) { return card.labels; });
}

const std::string& BestLabel(const ModelCard& card, std::span<const float> logits) {
  return card.labels.at(static_cast<size_t>(std::ranges::max_element(logits) - logits.begin()));
}

TensorOr MakeLabel(const char* name, const ModelCard& card, Answers answers) {
  return Column<std::string>(name, answers, [&](const TextAnswer& answer) {
    const explain::PredictionEvent& prediction = answer.prediction;
    if (!prediction.best_tokens.empty()) return prediction.best_tokens.front().text;
    return BestLabel(card, prediction.prediction.logits);
  });
}

TensorOr MakeEmbedding(const char* name, const ModelCard&, Answers answers) {
  return Rows<float>(name, answers, 0, [](const TextAnswer& answer) { return answer.prediction.prediction.embedding; });
}

// Of a model that labels tokens its labels, of one that answers questions begin and end.
TensorOr MakeTokenLogits(const char* name, const ModelCard& card, Answers answers) {
  return Rows<float>(
      name, answers, 0, [](const TextAnswer& answer) { return answer.prediction.prediction.token_logits; },
      HasAnswer(card) ? 2 : card.num_classes());
}

TensorOr MakeTokenLabels(const char* name, const ModelCard& card, Answers answers) {
  return Rows<std::string>(name, answers, "", [&](const TextAnswer& answer) {
    const std::span<const float> logits = answer.prediction.prediction.token_logits;
    std::vector<std::string> row;
    for (size_t begin = 0; begin < logits.size(); begin += card.num_classes()) {
      row.push_back(BestLabel(card, logits.subspan(begin, card.num_classes())));
    }
    return row;
  });
}

TensorOr MakeAnswerTokens(const char* name, const ModelCard&, Answers answers) {
  return Rows<int64_t>(name, answers, 0, [](const TextAnswer& answer) {
    const engine::TokenRange& tokens = answer.prediction.prediction.answer;
    return std::vector<int64_t>{tokens.begin, tokens.end};
  });
}

TensorOr MakeAnswerOffsets(const char* name, const ModelCard&, Answers answers) {
  return Rows<int64_t>(name, answers, 0, [](const TextAnswer& answer) {
    const engine::TokenRange& range = answer.prediction.prediction.answer;
    const std::vector<text::Token>& tokens = answer.prediction.tokens;
    return std::vector<int64_t>{tokens.at(static_cast<size_t>(range.begin)).begin_char,
                                tokens.at(static_cast<size_t>(range.end) - 1).end_char};
  });
}

TensorOr MakeAnswerProbability(const char* name, const ModelCard&, Answers answers) {
  return Column<float>(name, answers, [](const TextAnswer& answer) { return answer.prediction.answer_probability; });
}

TensorOr MakeTargetValue(const char* name, const ModelCard&, Answers answers) {
  return Column<float>(name, answers,
                       [](const TextAnswer& answer) { return answer.prediction.prediction.target_value; });
}

TensorOr MakeNumTokens(const char* name, const ModelCard&, Answers answers) {
  return Column<int64_t>(name, answers, [](const TextAnswer& answer) { return answer.prediction.tokens.size(); });
}

TensorOr MakeTokens(const char* name, const ModelCard&, Answers answers) {
  return TokenRows<std::string>(name, answers, "", [](const text::Token& token) { return token.text; });
}

TensorOr MakeTokenOffsets(const char* name, const ModelCard&, Answers answers) {
  constexpr int64_t kFiller = 0;
  return Rows<int64_t>(
      name, answers, kFiller,
      [](const TextAnswer& answer) {
        std::vector<int64_t> row;
        for (const text::Token& token : answer.prediction.tokens)
          row.insert(row.end(), {token.begin_char, token.end_char});
        return row;
      },
      2);
}

TensorOr MakeTokenSequences(const char* name, const ModelCard&, Answers answers) {
  constexpr int64_t kFiller = -1;
  return TokenRows<int64_t>(name, answers, kFiller, [](const text::Token& token) { return token.sequence; });
}

TensorOr MakeAttributions(const char* name, const ModelCard&, Answers answers) {
  const engine::HostTensor& heads = answers.front().attribution.head_scores;
  const size_t width = heads.empty() ? 1 : static_cast<size_t>(heads.shape[1]);
  return Rows<float>(
      name, answers, 0,
      [](const TextAnswer& answer) {
        const explain::AttributionEvent& event = answer.attribution;
        const auto& of_heads = event.head_scores.values;
        if (!of_heads.empty()) return std::vector<float>(of_heads.begin(), of_heads.end());
        return event.scaled_scores.empty() ? event.scores : event.scaled_scores;
      },
      width);
}

TensorOr MakeUnitTokens(const char* name, const ModelCard&, Answers answers) {
  constexpr int64_t kFiller = -1;
  return Rows<int64_t>(
      name, answers, kFiller,
      [](const TextAnswer& answer) {
        std::vector<int64_t> row;
        for (const explain::Unit& unit : answer.attribution.units)
          row.insert(row.end(), {unit.begin_token, unit.end_token});
        return row;
      },
      2);
}

TensorOr MakeConvergenceDelta(const char* name, const ModelCard&, Answers answers) {
  for (const TextAnswer& answer : answers) {
    if (answer.attribution.card.completeness.has_value()) continue;
    return Wrong("outputs", absl::StrCat("the method ", answer.attribution.card.method, " has no ", name,
                                         ": its scores are not to sum to anything"));
  }
  return Column<float>(name, answers, [](const TextAnswer& answer) {
    const explain::AttributionEvent& event = answer.attribution;
    const double sum = std::accumulate(event.scores.begin(), event.scores.end(), 0.0);
    return static_cast<float>(sum - (event.card.completeness->value - event.card.completeness->baseline_value));
  });
}

// Copies one text's maps of one head, [T, T], into a corner of [longest, longest].
void CopyMap(std::span<const float> map, size_t num_tokens, size_t longest, float* out) {
  for (size_t row = 0; row < num_tokens; ++row) {
    std::ranges::copy(map.subspan(row * num_tokens, num_tokens), out + row * longest);
  }
}

TensorOr MakeAttention(const char* name, const ModelCard&, Answers answers) {
  const std::vector<explain::AttentionEvent>& first = answers.front().attention;
  const size_t num_layers = first.size(), num_heads = first.front().mean_over_heads ? 1 : first.front().heads.size();
  size_t longest = 0;
  for (const TextAnswer& answer : answers) longest = std::max(longest, answer.prediction.tokens.size());
  const size_t size = answers.size() * num_layers * num_heads * longest * longest;
  if (size * sizeof(float) > kMaxAttentionTensorBytes) {
    return explain::TooLarge(
        absl::StrCat("attention: has ", size * sizeof(float), " bytes, at most ", kMaxAttentionTensorBytes,
                     " are allowed; ask for fewer texts, for attention.layers, attention.heads or "
                     "attention.mean_over_heads, or for a stream of limpid.v1.Explainer"),
        kMaxAttentionTensorBytes, size * sizeof(float));
  }
  std::vector<float> values(size);
  float* out = values.data();
  for (const TextAnswer& answer : answers) {
    const size_t num_tokens = answer.prediction.tokens.size();
    for (const explain::AttentionEvent& layer : answer.attention) {
      for (size_t i = 0; i < num_heads; ++i, out += longest * longest) {
        const size_t map = layer.mean_over_heads ? 0 : static_cast<size_t>(layer.heads[i]);
        CopyMap(explain::MatrixOf(layer.maps, map), num_tokens, longest, out);
      }
    }
  }
  const size_t shape[] = {answers.size(), num_layers, num_heads, longest, longest};
  return Tensor{.name = name, .shape = {std::begin(shape), std::end(shape)}, .values = std::move(values)};
}

const std::vector<OutputKind>& Kinds() {
  using enum OutputKind::Part;
  static const auto& kinds = *new std::vector<OutputKind>{
      {"logits", "FP32", {-1}, HasLogits, kPrediction, kPrediction, MakeLogits},
      {"probabilities", "FP32", {-1}, HasClasses, kPrediction, kPrediction, MakeProbabilities},
      {"label", "BYTES", {}, HasClasses, kPrediction, kPrediction, MakeLabel},
      {"labels", "BYTES", {-1}, HasClasses, kPrediction, kNothing, MakeLabels},
      {"embedding", "FP32", {-1}, HasEmbedding, kPrediction, kPrediction, MakeEmbedding},
      {"token_labels", "BYTES", {-1}, HasTokenLabels, kPrediction, kPrediction, MakeTokenLabels},
      {"answer_tokens", "INT64", {2}, HasAnswer, kPrediction, kPrediction, MakeAnswerTokens},
      {"answer_offsets", "INT64", {2}, HasAnswer, kPrediction, kPrediction, MakeAnswerOffsets},
      {"answer_probability", "FP32", {}, HasAnswer, kPrediction, kPrediction, MakeAnswerProbability},
      {"token_logits", "FP32", {-1, -1}, HasTokenLogits, kPrediction, kNothing, MakeTokenLogits},
      {"target_value", "FP32", {}, Always, kPrediction, kNothing, MakeTargetValue},
      {"num_tokens", "INT64", {}, Always, kPrediction, kNothing, MakeNumTokens},
      {"token_sequences", "INT64", {-1}, Always, kPrediction, kNothing, MakeTokenSequences},
      {"tokens", "BYTES", {-1}, Always, kPrediction, kMethod, MakeTokens},
      {"token_offsets", "INT64", {-1, 2}, Always, kPrediction, kMethod, MakeTokenOffsets},
      {"attributions", "FP32", {-1}, Always, kMethod, kMethod, MakeAttributions},
      {"unit_tokens", "INT64", {-1, 2}, Always, kMethod, kMethod, MakeUnitTokens},
      {"convergence_delta", "FP32", {}, Always, kMethod, kNothing, MakeConvergenceDelta},
      {"attention", "FP32", {-1, -1, -1, -1}, Always, kAttention, kAttention, MakeAttention},
  };
  return kinds;
}

absl::StatusOr<const OutputKind*> Find(const std::string& name, const ModelCard& card) {
  std::vector<std::string> names;
  for (const OutputKind& kind : Kinds()) {
    if (!kind.is_of(card)) continue;
    if (kind.name == name) return &kind;
    names.push_back(kind.name);
  }
  return Wrong("outputs",
               absl::StrCat("\"", name, "\" is none of this model's, which are ", absl::StrJoin(names, ", ")));
}

absl::StatusOr<Outputs> NamedOutputs(const inference::ModelInferRequest& request, const ModelCard& card) {
  Outputs outputs;
  for (const auto& asked : request.outputs()) {
    ABSL_ASSIGN_OR_RETURN(const OutputKind* kind, Find(asked.name(), card));
    if (std::ranges::count(outputs, kind) > 0) return Wrong("outputs", absl::StrCat(asked.name(), " is named twice"));
    if (!asked.parameters().empty()) {
      return Wrong("outputs", absl::StrCat(asked.name(), " has parameter \"", asked.parameters().begin()->first,
                                           "\", which is not supported"));
    }
    outputs.push_back(kind);
  }
  return outputs;
}

}  // namespace

absl::StatusOr<Outputs> ChooseOutputs(const inference::ModelInferRequest& request, const ModelCard& card,
                                      InferParameters* parameters) {
  using Part = OutputKind::Part;
  const auto is_asked_for = [&](Part part) {
    if (part == Part::kMethod) return !parameters->method.empty();
    return part == Part::kPrediction || (part == Part::kAttention && parameters->request.has_attention());
  };
  ABSL_ASSIGN_OR_RETURN(Outputs outputs, NamedOutputs(request, card));
  for (const OutputKind& kind : Kinds()) {
    if (request.outputs().empty() && kind.is_of(card) && is_asked_for(kind.comes_with)) outputs.push_back(&kind);
  }
  const auto is_needed = [&](Part part) {
    return std::ranges::any_of(outputs, [&](const OutputKind* kind) { return kind->needs == part; });
  };
  if (is_needed(Part::kMethod) && !is_asked_for(Part::kMethod)) {
    return Wrong("outputs", "an explanation needs the parameter method");
  }
  if (!is_needed(Part::kMethod)) parameters->request.clear_methods();
  if (!is_needed(Part::kAttention)) parameters->request.clear_attention();
  if (is_needed(Part::kAttention)) parameters->request.mutable_attention();
  return outputs;
}

absl::StatusOr<std::vector<Tensor>> MakeOutputs(const Outputs& outputs, const ModelCard& card, Answers answers) {
  std::vector<Tensor> tensors;
  for (const OutputKind* kind : outputs) {
    ABSL_ASSIGN_OR_RETURN(Tensor tensor, kind->make(kind->name, card, answers));
    tensors.push_back(std::move(tensor));
  }
  return tensors;
}

void DescribeOutputs(const ModelCard& card, inference::ModelMetadataResponse* metadata) {
  for (const OutputKind& kind : Kinds()) {
    if (!kind.is_of(card)) continue;
    auto* output = metadata->add_outputs();
    output->set_name(kind.name);
    output->set_datatype(kind.datatype);
    output->add_shape(-1);
    output->mutable_shape()->Add(kind.shape.begin(), kind.shape.end());
  }
}

}  // namespace limpid::rpc
