// Bytes as an ExplainRequest on its way in: parsed, decoded, checked against a model's card, planned and folded over a
// fake engine's results; everything that a caller's bytes reach before and after the engine.
#include <cstdint>
#include <memory>
#include <utility>

#include "base/status_macros.h"
#include "explain/attention_plan.h"
#include "explain/attribution.h"
#include "explain/input.h"
#include "explain/method_runs.h"
#include "explain/target.h"
#include "explain/units.h"
#include "fuzz/check.h"
#include "limpid/v1/explain.pb.h"
#include "rpc/decode.h"
#include "support/fake_engine.h"
#include "support/fake_tokenizer.h"

namespace limpid {
namespace {

const explain::Limits kLimits = {.max_text_bytes = 4096, .max_methods = 16, .max_attention_bytes = 1 << 20};

const testing::FakeEngine& FakeOf(const explain::Model& model) {
  return static_cast<const testing::FakeEngine&>(*model.engine);
}

const explain::Model& ModelWith(const engine::ModelCard& card) {
  auto* model = new explain::Model;  // lives as long as the fuzzer
  model->name = "first";
  model->tokenizer = std::make_unique<testing::FakeTokenizer>();
  model->engine = std::make_unique<testing::FakeEngine>(card);
  return *model;
}

engine::ModelCard SmallCard(engine::ModelCard card) {
  card.max_tokens = 24;  // maps are small, and limits are met
  return card;
}

// `base_row` is the input's own; it gets what the methods want.
absl::Status FoldMethods(const explain::ExplainRequest& request, const explain::MethodInput& input,
                         engine::Row* base_row, const testing::FakeEngine& engine) {
  explain::MethodRuns runs(request.methods, request.quality);
  ABSL_RETURN_IF_ERROR(runs.Check(input));
  runs.Plan(input, &base_row->wanted);
  const engine::RowResult base = engine.ResultOf(*base_row);
  const std::vector<explain::Unit> units =
      explain::MakeUnits(input.encoding, request.granularity, request.input, request.spans);
  size_t num_scores = 0;
  const explain::MethodRuns::Receiver receiver = {.on_scores =
                                                      [&](size_t index, explain::TokenScores scores, bool is_refining) {
                                                        if (!is_refining) ++num_scores;
                                                        const auto event = explain::MakeAttribution(
                                                            index, std::move(scores), units, request);
                                                        FUZZ_CHECK(event.units.size() == event.scores.size());
                                                      },
                                                  .on_quality = [](const explain::QualityEvent&) {}};
  std::vector<engine::Row> rows;
  do {
    std::vector<engine::RowResult> results;
    for (const engine::Row& row : rows) results.push_back(engine.ResultOf(row));
    ABSL_ASSIGN_OR_RETURN(rows, runs.Fold(input, base, results, receiver));
  } while (!rows.empty());
  FUZZ_CHECK(num_scores == request.methods.size());
  return absl::OkStatus();
}

absl::Status Explain(const explain::ExplainRequest& request, const explain::Model& model) {
  ABSL_RETURN_IF_ERROR(explain::CheckInput(request.input, kLimits));
  ABSL_RETURN_IF_ERROR(explain::CheckSpans(request.spans, request.input));
  ABSL_ASSIGN_OR_RETURN(const text::Encoding encoding, explain::EncodeInput(model, request.input));
  FUZZ_CHECK(!encoding.tokens.empty() && encoding.tokens.size() <= 24);
  engine::Row row = explain::RowOfTokens(encoding);
  ABSL_ASSIGN_OR_RETURN(row.target, explain::ResolveTarget(request.target, model.engine->card(), *model.tokenizer));
  if (request.attention.has_value()) {
    ABSL_ASSIGN_OR_RETURN(const auto plan,
                          explain::AttentionPlan::Create(*request.attention, model.engine->card(),
                                                         encoding.tokens.size(), kLimits.max_attention_bytes));
    FUZZ_CHECK(plan.num_bytes() <= kLimits.max_attention_bytes);
    row.wanted.attention_layers = plan.layers();
    const engine::RowResult result = FakeOf(model).ResultOf(row);
    for (size_t i = 0; i < plan.layers().size(); ++i) {
      const explain::AttentionEvent event = plan.MakeEvent(plan.layers()[i], result.attention[i]);
      FUZZ_CHECK(event.maps.shape[2] <= static_cast<int64_t>(encoding.tokens.size()));
    }
  }
  const explain::MethodInput input = {.model = model.engine->card(),
                                      .tokenizer = *model.tokenizer,
                                      .encoding = encoding,
                                      .base_row = row,
                                      .request = request};
  return FoldMethods(request, input, &row, FakeOf(model));
}

}  // namespace
}  // namespace limpid

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace limpid;
  static const explain::Model& classifier = ModelWith(SmallCard(testing::ClassifierCard()));
  static const explain::Model& encoder = ModelWith(SmallCard(testing::EncoderCard()));
  v1::ExplainRequest message;
  if (!message.ParseFromArray(data, static_cast<int>(size))) return 0;
  const auto request = rpc::DecodeExplainRequest(message);
  if (!request.ok()) {
    FUZZ_CHECK(request.status().code() == absl::StatusCode::kInvalidArgument);
    return 0;
  }
  if (request->methods.size() > kLimits.max_methods) return 0;
  for (const explain::Model* model : {&classifier, &encoder}) {
    const absl::Status status = Explain(*request, *model);
    // UNIMPLEMENTED: relevance propagation, where it is not built in.
    FUZZ_CHECK(status.ok() || status.code() == absl::StatusCode::kInvalidArgument ||
               status.code() == absl::StatusCode::kUnimplemented);
  }
  return 0;
}
