#include "explain/preparation.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "explain/explainer.h"
#include "explain/input.h"
#include "explain/method.h"
#include "explain/target.h"
#include "explain/units.h"

namespace limpid::explain {
namespace {

// Text bytes of a token in most languages; where it is wrong, the tokenizer corrects it before anything is computed.
constexpr size_t kBytesPerToken = 4;

void CountRows(const Model& model, std::span<const engine::Row> rows, Preparation* prepared) {
  const auto has_backward = [](const engine::Row& row) { return row.wanted.needs_backward(); };
  prepared->rows_forward += static_cast<uint32_t>(rows.size());
  prepared->rows_backward += static_cast<uint32_t>(std::count_if(rows.begin(), rows.end(), has_backward));
  prepared->demand += DemandOf(*model.engine, rows);
}

void CountForecast(const Model& model, const Forecast& forecast, Preparation* prepared) {
  if (forecast.rows == 0) return;
  engine::Row row = RowOfTokens(prepared->encoding);
  row.wanted = forecast.wanted;
  if (forecast.num_tokens > 0) row.token_ids.resize(forecast.num_tokens);
  schedule::Demand later = DemandOf(*model.engine, {&row, 1});
  later.tokens *= forecast.rows;
  later.flops *= forecast.rows;
  later.answer_bytes *= forecast.rows_at_once > 0 ? std::min(forecast.rows, forecast.rows_at_once) : forecast.rows;
  prepared->rows_forward += forecast.rows;
  if (forecast.wanted.needs_backward()) prepared->rows_backward += forecast.rows;
  prepared->later += later;
  prepared->demand += later;
}

// Maps that the answer has in another form exist twice until the pass has ended.
void CountCopies(const Model& model, Preparation* prepared) {
  const uint64_t copied = prepared->attention.has_value() ? prepared->attention->copied_bytes() : 0;
  if (copied == 0) return;
  engine::Row without = prepared->base_row;
  without.wanted.attention_layers.clear();
  prepared->passing_bytes = DemandOf(*model.engine, {&prepared->base_row, 1}).answer_bytes -
                            DemandOf(*model.engine, {&without, 1}).answer_bytes;
  prepared->demand.answer_bytes += copied;
  prepared->demand.peak_bytes += copied;
}

// What runs beside the methods' rows: the base row, the other text, the prediction that a condition looks at.
std::vector<engine::Row> OwnRows(const Preparation& prepared) {
  std::vector<engine::Row> rows = {prepared.base_row};
  if (prepared.similarity_encoding.has_value()) rows.push_back(RowOfTokens(*prepared.similarity_encoding));
  if (prepared.condition.has_value()) rows.push_back(RowOfTokens(prepared.encoding));
  return rows;
}

// An answer is in the second text, where there is one.
std::shared_ptr<const std::vector<uint8_t>> CandidatesOf(const engine::ModelCard& card,
                                                         const text::Encoding& encoding) {
  const bool answers = card.task == engine::ModelCard::Task::kQuestionAnswering;
  const bool has_pair = std::ranges::any_of(encoding.tokens, [](const auto& token) { return token.sequence == 1; });
  std::vector<uint8_t> candidates;
  for (const text::Token& token : encoding.tokens) {
    candidates.push_back(!token.is_special && (!answers || !has_pair || token.sequence == 1));
  }
  return std::make_shared<const std::vector<uint8_t>>(std::move(candidates));
}

// A masked language model is asked for what a mask hides, unless the request says another place.
absl::Status CheckOrFindPosition(const text::Tokenizer& tokenizer, const engine::ModelCard& card,
                                 const text::Encoding& encoding, engine::Target* target) {
  const auto num_tokens = static_cast<int32_t>(encoding.tokens.size());
  if (target->position >= num_tokens) {
    return absl::InvalidArgumentError(
        absl::StrCat("target.position: is ", target->position, ", the input has tokens 0 to ", num_tokens - 1));
  }
  if (target->answer.end > num_tokens) {
    return absl::InvalidArgumentError(
        absl::StrCat("target.answer.end_token: is ", target->answer.end, ", the input has ", num_tokens, " tokens"));
  }
  const bool decides_about_tokens = card.task == engine::ModelCard::Task::kTokenClassification ||
                                    card.task == engine::ModelCard::Task::kQuestionAnswering;
  if (decides_about_tokens) target->candidates = CandidatesOf(card, encoding);
  if (!card.is_language_model() || card.is_causal || target->position != engine::Target::kUnset) {
    return absl::OkStatus();
  }
  const int32_t mask = tokenizer.stand_ins().mask;
  const auto found = std::ranges::find_if(encoding.tokens, [&](const text::Token& token) { return token.id == mask; });
  if (found == encoding.tokens.end() || mask < 0) {
    return absl::InvalidArgumentError("target.position: must be set, for the input has no mask token to ask for");
  }
  target->position = static_cast<int32_t>(found - encoding.tokens.begin());
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Preparation> Prepare(const Model& model, const ExplainRequest& request, const Limits& limits,
                                    MethodRuns* methods) {
  const engine::ModelCard& card = model.engine->card();
  Preparation prepared;
  ABSL_ASSIGN_OR_RETURN(prepared.encoding, EncodeInput(model, request.input));
  prepared.base_row = RowOfTokens(prepared.encoding);
  ABSL_ASSIGN_OR_RETURN(prepared.base_row.target, ResolveTarget(request.target, card, *model.tokenizer));
  ABSL_RETURN_IF_ERROR(CheckOrFindPosition(*model.tokenizer, card, prepared.encoding, &prepared.base_row.target));
  if (prepared.base_row.target.kind == engine::Target::Kind::kSimilarity) {
    ABSL_ASSIGN_OR_RETURN(prepared.similarity_encoding,
                          EncodeSimilarityText(model, request.target.similarity_text, request.input));
  }
  if (request.condition.has_value()) {
    ABSL_ASSIGN_OR_RETURN(prepared.condition, Condition::Create(*request.condition, card, *model.tokenizer));
  }
  engine::Wanted wanted;
  if (request.attention.has_value()) {
    ABSL_ASSIGN_OR_RETURN(
        prepared.attention,
        AttentionPlan::Create(*request.attention, card, prepared.encoding.tokens.size(), limits.max_attention_bytes));
    wanted.attention_layers = prepared.attention->layers();
  }
  const MethodInput input = InputOf(model, request, prepared);
  ABSL_RETURN_IF_ERROR(methods->Check(input));
  methods->Plan(input, &wanted);
  prepared.base_row.wanted = std::move(wanted);
  prepared.units = MakeUnits(prepared.encoding, request.granularity, request.input, request.spans);
  CountRows(model, OwnRows(prepared), &prepared);
  CountCopies(model, &prepared);
  for (const Forecast& forecast : methods->Expect(input)) CountForecast(model, forecast, &prepared);
  return prepared;
}

MethodInput InputOf(const Model& model, const ExplainRequest& request, const Preparation& prepared) {
  return {.model = model.engine->card(),
          .tokenizer = *model.tokenizer,
          .encoding = prepared.encoding,
          .base_row = prepared.base_row,
          .request = request,
          .other = prepared.similarity_encoding.has_value() ? &*prepared.similarity_encoding : nullptr};
}

schedule::Demand DemandOf(const engine::Engine& engine, std::span<const engine::Row> rows) {
  schedule::Demand demand;
  for (const engine::Row& row : rows) {
    const engine::PassCost cost = engine.Cost(row.num_computed_tokens(), row.wanted);
    demand += {.tokens = row.num_computed_tokens(),
               .flops = cost.flops,
               .answer_bytes = cost.result_bytes,
               .peak_bytes = cost.peak_bytes};
  }
  return demand;
}

schedule::Demand TakeUnexpected(const schedule::Demand& asked, schedule::Demand* later) {
  const size_t tokens = std::min(asked.tokens, later->tokens);
  const double flops = std::min(asked.flops, later->flops);
  later->tokens -= tokens;
  later->flops -= flops;
  return {.tokens = asked.tokens - tokens, .flops = asked.flops - flops};
}

schedule::Demand GuessDemand(const Model& model, const ExplainRequest& request) {
  const engine::ModelCard& card = model.engine->card();
  const Input& input = request.input;
  const size_t bytes = input.text.size() + input.text_pair.value_or("").size();
  const size_t guess = input.token_ids.has_value() ? input.token_ids->size() : bytes / kBytesPerToken + 2;
  const size_t tokens = std::min(guess, static_cast<size_t>(card.max_tokens));
  engine::Wanted wanted;
  wanted.gradient_at[0] = !request.methods.empty();
  if (request.attention.has_value()) {
    const size_t asked = request.attention->layers.size(), all = static_cast<size_t>(card.num_layers);
    wanted.attention_layers.resize(asked == 0 ? all : std::min(asked, all));
  }
  const engine::PassCost cost = model.engine->Cost(tokens, wanted);
  return {.tokens = tokens, .flops = cost.flops, .answer_bytes = cost.result_bytes, .peak_bytes = 0};
}

}  // namespace limpid::explain
