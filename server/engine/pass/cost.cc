#include "engine/pass/cost.h"

#include <algorithm>

#include "engine/kernels/cpu/attention.h"
#include "engine/ops/padded_attention.h"
#include "engine/pass/backward_rules.h"
#include "engine/pass/forward.h"
#include "engine/pass/substitutions.h"
#include "engine/pass/value_zeroing.h"

namespace limpid::engine {
namespace {

// Up to an eighth is the arena's rounding.
constexpr double kSlack = 1.2;
constexpr double kFixedBytes = 64 << 10;  // index tensors, small heads, allocators' rounding

// The architecture's numbers, and the row's, as factors.
struct Extents {
  double layers, heads, hidden, wide, vocab, tokens, map;
  double up;              // width of the feed-forward's first product: the gate's too
  double attention, qkv;  // widths of the context and of queries, keys, values
  double classes;         // logits of a row; 0 without a head
  double head;            // tokens that the head's first layer reads
  bool has_head_norms;
  bool has_relative_bias;
  double position_rows;          // of disentangled attention; 0 without it
  double embedding, projection;  // width of the embedding module; weights from there to the layers' width

  Extents(const Architecture& a, size_t num_tokens)
      : layers(static_cast<double>(a.num_hidden_layers)),
        heads(static_cast<double>(a.num_attention_heads)),
        hidden(static_cast<double>(a.hidden_size)),
        wide(static_cast<double>(a.intermediate_size)),
        vocab(static_cast<double>(a.vocab_size)),
        tokens(static_cast<double>(num_tokens)),
        map(tokens * tokens),
        up(wide * (a.has_gate() ? 2 : 1)),
        attention(static_cast<double>(a.attention_size())),
        qkv(static_cast<double>(a.query_key_value_size())),
        classes(a.head == Head::kNone ? 0 : static_cast<double>(a.num_classes())),
        head(a.head == Head::kEachToken ? tokens : 0),
        has_head_norms(!a.names.query_norm.empty()),
        has_relative_bias(a.num_relative_buckets > 0),
        position_rows(a.disentangled.has_value() ? 2 * static_cast<double>(a.disentangled->span) : 0),
        embedding(static_cast<double>(a.embedding_size)),
        projection(a.names.embedding_projection.empty() ? 0 : embedding * hidden) {
    if (head > 0) classes *= tokens;
  }
};

double ResultBytes(const Extents& e, const Wanted& wanted) {
  const auto gradients = static_cast<double>(std::ranges::count(wanted.gradient_at, true));
  double floats = e.heads * e.map * static_cast<double>(wanted.attention_layers.size()) + e.classes;
  if (wanted.head_mean_attention) floats += e.layers * e.map;
  if (wanted.gradient_attention) floats += e.layers * e.map;
  if (wanted.head_importance) floats += e.layers * e.heads;
  if (wanted.value_zeroing) floats += e.layers * e.map;
  if (wanted.layer_gradient_x_activation) floats += (e.layers + 1) * e.tokens;
  if (wanted.layer_gradient_dot != nullptr) floats += e.tokens;
  floats += e.tokens * static_cast<double>(wanted.gradient_dots.size());
  floats += e.tokens * (2 * e.embedding * gradients + e.hidden * static_cast<double>(wanted.hidden_states.size()));
  double bytes = sizeof(float) * floats;
  if (wanted.substitutions.has_value()) {
    const double candidate = sizeof(float) + sizeof(int32_t);
    const double each = sizeof(Substitutions) + candidate * static_cast<double>(wanted.substitutions->count);
    bytes += each * static_cast<double>(wanted.substitutions->tokens.size());
  }
  return bytes;
}

// Beside what all rows need: the products of what is wanted, and their blocks.
double ExtraFloats(const Extents& e, const Wanted& wanted) {
  double floats = 0;
  if (wanted.layer_gradient_x_activation) floats += (e.layers + 4) * e.tokens * e.hidden;
  if (wanted.layer_gradient_dot != nullptr) floats += 4 * e.tokens * e.hidden;
  floats += 5 * e.tokens * e.embedding * static_cast<double>(wanted.gradient_dots.size());
  if (wanted.value_zeroing) {
    const double block = std::max<double>(kValueZeroingTokens, e.tokens);
    floats += block * (7 * e.hidden + 3 * e.attention + e.wide + e.up) + 2 * e.tokens * e.attention;
  }
  if (wanted.substitutions.has_value()) {
    const double block = std::min(e.vocab, static_cast<double>(kSubstitutionBlock));
    floats += static_cast<double>(wanted.substitutions->tokens.size()) * (block + 4 * e.embedding);
  }
  return floats;
}

// Attention maps of all heads at once, beside those that are results.
double MapFloats(const Extents& e, const Wanted& wanted, AttentionPath path) {
  const bool keeps = wanted.needs_backward() && e.tokens <= kMaxKeptMapTokens;
  double maps = keeps ? e.layers : 0;
  if (e.position_rows > 0) {
    // A term's scores, by distance and by key, and where in the table each stands: in 64 bits, and twice on the way.
    const double terms = e.heads * (e.map + 2 * e.tokens * e.position_rows) + 8 * e.map;
    return (maps + (wanted.needs_backward() ? 4 : 2)) * e.heads * e.map + terms;
  }
  if (path == AttentionPath::kPadded && !e.has_relative_bias) {
    // Queries, keys, values, context and their gradients, laid out anew; scores, and what the backward pass makes of
    // them.
    const double length = PaddedLength(e.tokens);
    return length * 4 * (e.qkv + e.attention) + (wanted.needs_backward() ? 5 : 3) * e.heads * length * length;
  }
  if (path == AttentionPath::kPortable || e.has_relative_bias) {
    // The bias, and where in the table each number of it stands.
    const double bias = e.has_relative_bias ? (e.heads + 4) * e.map : 0;
    return (maps + (wanted.needs_backward() ? 3 : 2)) * e.heads * e.map + bias;
  }
  // A layer's own, where something is made of it.
  if (wanted.head_mean_attention || wanted.value_zeroing) maps += 2;
  if (wanted.gradient_attention) maps += 1;
  // Blocks of scores and their gradients; keys, values and the like, laid out anew.
  const double blocks = e.tokens * (2 * cpu::kQueryBlock + 6 * (e.attention / e.heads + 32));
  return maps * e.heads * e.map + blocks;
}

double PeakFloats(const Extents& e, const Wanted& wanted, AttentionPath path) {
  // Word embeddings and the module's output, kept; the tables' rows and what an alteration needs, on their way.
  const double embeddings = 2 * e.embedding;
  if (!wanted.needs_backward()) {
    // Layer by layer: its input, q, k, v, context, the norms' ends; the feed-forward's two ends.
    const double temporary = std::max(4 * e.hidden + e.qkv + e.attention + e.wide + e.up, 7 * e.embedding);
    return e.tokens * (embeddings + temporary) + 2 * e.classes + 3 * e.head * e.hidden + MapFloats(e, wanted, path) +
           ExtraFloats(e, wanted);
  }
  // Kept per token and layer: q, k, v, context, norms and their scale, the slopes of the feed-forward.
  const double heads_normed = e.has_head_norms ? e.qkv : 0;
  const double kept = e.qkv + heads_normed + e.attention + 2 * e.hidden + 2 + 2 * e.heads + e.up;
  // Beside them at once: the layer's input and output, the feed-forward's two ends, the gradients of q, k, v.
  double temporary = std::max(7 * e.hidden + 2 * e.qkv + e.attention + e.wide + 2 * e.up, 9 * e.embedding);
  // Quotients in place of slopes.
  if (HasLrp()) temporary += 3 * e.hidden + 3 * e.up;
  // The sum before the norm, the norm, and what an alteration leaves for the dots.
  const double embeddings_kept = embeddings + 3 * e.embedding;
  return e.tokens * (embeddings_kept + e.layers * kept + temporary) + 6 * e.classes + 4 * e.head * e.hidden +
         MapFloats(e, wanted, path) + ExtraFloats(e, wanted);
}

double Flops(const Extents& e, const Wanted& wanted) {
  const double after_attention = 2 * e.hidden * (e.attention + e.up + e.wide);
  const double layers = e.layers * (2 * e.hidden * e.qkv + after_attention);
  const double linear = e.tokens * (layers + 2 * e.projection);
  const double attention = e.layers * 4 * e.map * e.attention;
  double flops = 2 * (e.classes + e.head * e.hidden) * e.hidden + linear + attention +
                 (wanted.needs_backward() ? linear + 2 * attention : 0);
  if (wanted.needs_backward() && e.tokens > kMaxKeptMapTokens) {
    // Scores made again.
    flops += (e.layers - static_cast<double>(wanted.attention_layers.size())) * 2 * e.map * e.attention;
  }
  if (wanted.value_zeroing) flops += e.layers * e.map * after_attention;
  if (wanted.substitutions.has_value()) {
    flops += 2 * static_cast<double>(wanted.substitutions->tokens.size()) * e.embedding * e.vocab;
  }
  return flops;
}

}  // namespace

PassCost CostOf(const Architecture& a, size_t num_tokens, const Wanted& wanted, AttentionPath path) {
  const Extents extents(a, num_tokens);
  const double result_bytes = ResultBytes(extents, wanted);
  PassCost cost;
  cost.flops = Flops(extents, wanted);
  cost.result_bytes = static_cast<uint64_t>(result_bytes);
  cost.peak_bytes =
      static_cast<uint64_t>(kSlack * (sizeof(float) * PeakFloats(extents, wanted, path) + result_bytes) + kFixedBytes);
  return cost;
}

}  // namespace limpid::engine
