#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "engine/engine.h"
#include "engine/row.h"

// The engine by itself, behind its door, on rows that are tokenized already.
namespace limpid::bench {

// Loads for `num_threads` threads (0: all cores), which this thread's own LibTorch operators have as well from now on.
// Ends the process with a message where it cannot.
std::unique_ptr<engine::Engine> LoadOrExit(const std::string& model_folder, int num_threads);

// What is asked of a text beside its tokens: the prediction; or F = mean of the last hidden states, its gradient at the
// word embeddings, and all attention maps.
std::vector<engine::Row> PredictionRows(const std::vector<std::vector<int32_t>>& texts);
std::vector<engine::Row> ExplanationRows(const engine::ModelCard& card, const std::vector<std::vector<int32_t>>& texts);

// Runs them in their order, in batches of at most `max_batch_tokens` (a longer row alone), as the server does with
// requests that wait. Ends the process with a message if a batch fails.
void RunInBatches(engine::Engine* engine, const std::vector<engine::Row>& rows, size_t max_batch_tokens);

// Tokens and useful operations of the rows: linear layers and attention products of all layers for all tokens. What an
// engine knows how to leave out is not left out here, so that figures per second can be compared between engines.
struct Work {
  size_t tokens = 0;
  double flops = 0;
};
Work WorkOf(const engine::Engine& engine, const std::vector<engine::Row>& rows);

}  // namespace limpid::bench
