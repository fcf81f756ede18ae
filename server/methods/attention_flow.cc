#include <cmath>
#include <numeric>

#include "base/status_macros.h"
#include "explain/method.h"
#include "explain/tensors.h"
#include "methods/lib/max_flow.h"
#include "methods/lib/options.h"
#include "methods/registry.h"

namespace limpid::methods {
namespace {

// A flow is found for each token, and its time grows with the square of their number.
constexpr size_t kMaxTokens = 64;

// Capacities are whole numbers, so that flows are exact: of at most 1, in steps of 2^-40.
constexpr double kUnit = 1099511627776;

// Node of token `token` before layer `layer`, or after the last.
size_t NodeOf(size_t layer, size_t token, size_t size) { return layer * size + token; }

// An edge from token j before a layer to token i behind it carries at most M[i, j], with M = rows of (mean over heads
// of A) + I scaled to sum 1.
FlowNetwork NetworkOf(const engine::HostTensor& attention) {
  const auto num_layers = static_cast<size_t>(attention.shape[0]), size = static_cast<size_t>(attention.shape[1]);
  FlowNetwork network((num_layers + 1) * size);
  for (size_t layer = 0; layer < num_layers; ++layer) {
    const std::span<const float> matrix = explain::MatrixOf(attention, layer);
    for (size_t i = 0; i < size; ++i) {
      const std::span<const float> line = matrix.subspan(i * size, size);
      const double sum = 1 + std::accumulate(line.begin(), line.end(), 0.0);
      for (size_t j = 0; j < size; ++j) {
        const double capacity = (line[j] + (i == j ? 1.0 : 0.0)) / sum;
        network.AddEdge(NodeOf(layer, j, size), NodeOf(layer + 1, i, size), std::llround(capacity * kUnit));
      }
    }
  }
  return network;
}

// Maximum flow from each input token to the query's token behind the last layer (Abnar & Zuidema 2020).
class AttentionFlow final : public explain::Method {
 public:
  explicit AttentionFlow(const v1::AttentionFlow& options) : options_(options) {}

  absl::Status Check(const explain::MethodInput& input) const override {
    ABSL_RETURN_IF_ERROR(CheckNumTokens(input, kMaxTokens));
    return explain::CheckQueryToken(options_.query_token(), input);
  }

  void Plan(const explain::MethodInput&, engine::Wanted* base) const override { base->head_mean_attention = true; }

  absl::StatusOr<explain::FoldStep> Fold(const explain::MethodInput& input, const engine::RowResult& base,
                                         std::span<const engine::RowResult>) override {
    explain::FoldStep step;
    step.scores.card.query_token =
        static_cast<int32_t>(explain::QueryToken(options_.query_token(), input, base.prediction));
    step.scores.card.depends_on_target = false;
    const auto num_layers = static_cast<size_t>(base.head_mean_attention.shape[0]);
    FlowNetwork network = NetworkOf(base.head_mean_attention);
    const size_t sink =
        NodeOf(num_layers, explain::QueryToken(options_.query_token(), input, base.prediction), input.num_tokens());
    for (size_t token = 0; token < input.num_tokens(); ++token) {
      const int64_t flow = network.MaxFlow(NodeOf(0, token, input.num_tokens()), sink);
      step.scores.scores.push_back(static_cast<float>(static_cast<double>(flow) / kUnit));
    }
    return step;
  }

 private:
  const v1::AttentionFlow options_;
};

const Registration kRegistration(v1::Method::kAttentionFlow, [](const v1::Method& method) {
  return std::make_unique<AttentionFlow>(method.attention_flow());
});

}  // namespace
}  // namespace limpid::methods
