#include "bench/engine/passes.h"

#include <cstdio>
#include <cstdlib>
#include <numeric>

#include "absl/status/status.h"

namespace limpid::bench {
namespace {

using engine::Row;

void ExitUnlessOk(const absl::Status& status) {
  if (status.ok()) return;
  std::fprintf(stderr, "%s\n", status.ToString().c_str());
  std::exit(1);
}

}  // namespace

std::unique_ptr<engine::Engine> LoadOrExit(const std::string& model_folder, int num_threads) {
  auto engine = engine::LoadEngine(model_folder, {.device = "cpu", .num_threads = num_threads});
  ExitUnlessOk(engine.status());
  return *std::move(engine);
}

std::vector<Row> PredictionRows(const std::vector<std::vector<int32_t>>& texts) {
  std::vector<Row> rows;
  for (const std::vector<int32_t>& ids : texts) {
    Row row;
    row.token_ids = ids;
    row.type_ids.assign(ids.size(), 0);
    rows.push_back(std::move(row));
  }
  return rows;
}

std::vector<Row> ExplanationRows(const engine::ModelCard& card, const std::vector<std::vector<int32_t>>& texts) {
  std::vector<Row> rows = PredictionRows(texts);
  for (Row& row : rows) {
    row.target.kind = engine::Target::Kind::kMeanOutput;
    row.wanted.gradient_at[static_cast<size_t>(engine::AttachPoint::kWordEmbedding)] = true;
    row.wanted.attention_layers.resize(static_cast<size_t>(card.num_layers));
    std::iota(row.wanted.attention_layers.begin(), row.wanted.attention_layers.end(), 0);
  }
  return rows;
}

void RunInBatches(engine::Engine* engine, const std::vector<Row>& rows, size_t max_batch_tokens) {
  std::vector<const Row*> batch;
  size_t tokens = 0;
  const auto flush = [&] {
    ExitUnlessOk(engine->Run(batch, nullptr).status());
    batch.clear();
    tokens = 0;
  };
  for (const Row& row : rows) {
    if (!batch.empty() && tokens + row.token_ids.size() > max_batch_tokens) flush();
    batch.push_back(&row);
    tokens += row.token_ids.size();
  }
  if (!batch.empty()) flush();
}

Work WorkOf(const engine::Engine& engine, const std::vector<Row>& rows) {
  Work work;
  for (const Row& row : rows) {
    work.tokens += row.token_ids.size();
    work.flops += engine.Cost(row.token_ids.size(), row.wanted).flops;
  }
  return work;
}

}  // namespace limpid::bench
