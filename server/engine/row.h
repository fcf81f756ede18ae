#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

// The vocabulary between the rooms and the engine. Plain types: no LibTorch, no Protobuf.
namespace limpid::engine {

// Where a derivative is taken.
enum class AttachPoint { kWordEmbedding, kEmbeddingSum, kEmbeddingOutput };
inline constexpr size_t kNumAttachPoints = 3;

// The form of a class's score that is differentiated.
enum class Score { kLogit, kLogProb, kProb };

// Tokens [begin, end).
struct TokenRange {
  int32_t begin = 0, end = 0;

  friend bool operator==(const TokenRange&, const TokenRange&) = default;
};

// The scalar F toward which a row is differentiated. kNone: the row needs no gradient.
struct Target {
  enum class Kind { kNone, kClass, kContrast, kSimilarity, kMeanOutput, kAnswer };
  static constexpr int32_t kUnset = -1;
  // Decided after the forward pass, so that one pass is enough.
  static constexpr int32_t kPredicted = -1;
  static constexpr int32_t kRunnerUp = -2;

  Kind kind = Kind::kNone;
  Score score = Score::kLogit;
  int32_t class_index =
      kPredicted;                  // kClass, kContrast: index, or kPredicted; a language model's classes are token ids
  int32_t foil_index = kRunnerUp;  // kContrast: index, or kRunnerUp = best class other than class_index
  // The token whose scores these are, in [0, T). Language models: a causal model's next token, a masked model's token
  // in this place; kUnset: the last one. Models that label tokens: kUnset: the candidate whose label, other than "O",
  // is surest. Counts for the prediction without a target too.
  int32_t position = kUnset;
  // kAnswer: tokens in [0, T], not empty; both kUnset: the predicted answer.
  TokenRange answer = {kUnset, kUnset};
  // Where the model decides about tokens: those that it may choose, [T]; null: all.
  std::shared_ptr<const std::vector<uint8_t>> candidates = nullptr;
  // kSimilarity: pooled embedding of the other text, [hidden_size].
  std::shared_ptr<const std::vector<float>> reference = nullptr;

  friend bool operator==(const Target&, const Target&) = default;
};

// "No information", in place of each token of a row.
struct Baseline {
  // In place of an id: the zero vector at the attach point; the mean of the word-embedding table as word embedding.
  static constexpr int32_t kZero = -1;
  static constexpr int32_t kMean = -2;

  AttachPoint at = AttachPoint::kWordEmbedding;
  std::vector<int32_t> ids;  // [T]; a token with its own id does not move

  friend bool operator==(const Baseline&, const Baseline&) = default;
};

// Random numbers depend on (seed, sample, the token's position, element) and nothing else.
struct Noise {
  enum class Kind {
    kGaussian,   // + scale * N(0, 1)
    kUniform,    // + scale * U(-1, 1)
    kBernoulli,  // * (U(0, 1) < keep[t])
  } kind = Kind::kGaussian;
  float scale = 0;               // absolute
  std::vector<float> keep = {};  // [T], kBernoulli only
  uint64_t seed = 0;
  uint32_t sample = 0;

  friend bool operator==(const Noise&, const Noise&) = default;
};

// How the embeddings x at an attach point differ from those of the row's tokens:
// x' = b + alpha (noisy(x) - b), with b = 0 without a baseline.
struct Alteration {
  AttachPoint at = AttachPoint::kWordEmbedding;
  std::optional<Noise> noise = std::nullopt;
  std::shared_ptr<const Baseline> baseline = nullptr;  // at the same attach point; null: alpha is not used
  std::vector<float> alpha = {};                       // [T], or [1] for all tokens

  friend bool operator==(const Alteration& a, const Alteration& b) {
    const bool have_baselines = a.baseline != nullptr && b.baseline != nullptr;
    const bool same_baseline = have_baselines ? *a.baseline == *b.baseline : a.baseline == b.baseline;
    return same_baseline && a.at == b.at && a.noise == b.noise && a.alpha == b.alpha;
  }
};

// Hidden states of one layer: those that enter layer `layer` in [0, L), or the last ones with `layer` = L.
struct HiddenStates {
  int32_t layer = 0;
  std::vector<float> values;  // [T, hidden_size]
};

// Which rules the backward pass follows; the last two only where ModelCard::has_lrp.
enum class BackwardRule { kGradient, kAttnLrp, kCpLrp };

// First-order estimates (E_v - x_i) . dF/dx_i of putting word v in place of token i (Ebrahimi et al. 2018).
struct SubstitutionSearch {
  int32_t count = 0;                                       // candidates a token, those that lower F most
  std::shared_ptr<const std::vector<uint8_t>> is_allowed;  // [vocab_size]
  std::vector<int32_t> tokens;                             // the tokens i to replace

  friend bool operator==(const SubstitutionSearch&, const SubstitutionSearch&) = default;
};

// What a row should bring back beside its prediction. Everything here comes out of the same forward pass and, where
// a derivative is involved, the same backward pass.
struct Wanted {
  // Attention probabilities of these layers, all heads. Sorted, unique, each in [0, num_layers).
  std::vector<int32_t> attention_layers = {};
  bool head_mean_attention = false;  // [layers, T, T]: mean over heads of A
  bool gradient_attention = false;   // [layers, T, T]: mean over heads of max(0, dF/dA * A)
  bool head_importance = false;      // [layers, heads]: |sum_{t,d} O * dF/dO|
  // Input, as altered, and gradient [T, d] at an attach point, indexed by AttachPoint; not before the alteration's.
  std::array<bool, kNumAttachPoints> gradient_at = {};
  // For each: [T], sum over the width of (noisy(x) - b) * dF/dx' at the baseline's attach point, which is the
  // alteration's if there is one.
  std::vector<std::shared_ptr<const Baseline>> gradient_dots = {};
  // [layers + 1, T]: sum over the width of h * dF/dh of the hidden states that enter each layer, and of the last ones.
  bool layer_gradient_x_activation = false;
  // The hidden states that enter these layers (L: the last ones). Sorted, unique, each in [0, num_layers].
  std::vector<int32_t> hidden_states = {};
  // [T]: sum over the width of values * dF/dh at values' layer.
  std::shared_ptr<const HiddenStates> layer_gradient_dot = nullptr;
  // [layers, T, T]: 1 - cos(output i of the layer, the same with the value of token j zeroed in that layer only)
  // (Mohebbi et al. 2023). Costs about T forward passes.
  bool value_zeroing = false;
  std::optional<SubstitutionSearch> substitutions = std::nullopt;

  bool needs_backward() const {
    return gradient_attention || head_importance || gradient_at[0] || gradient_at[1] || gradient_at[2] ||
           !gradient_dots.empty() || layer_gradient_x_activation || layer_gradient_dot != nullptr ||
           substitutions.has_value();
  }
  // Whether the forward pass is looked at while it runs, layer by layer.
  bool taps_layers() const {
    return !attention_layers.empty() || head_mean_attention || value_zeroing || layer_gradient_x_activation ||
           layer_gradient_dot != nullptr || !hidden_states.empty();
  }

  friend bool operator==(const Wanted&, const Wanted&) = default;
};

// What a causal model has computed of a sequence's leading tokens, for rows that go on from there; an engine's
// (Engine::NewPast). Rows of one past must run one after the other.
class Past {
 public:
  virtual ~Past() = default;
};

// One token sequence run through the model once.
struct Row {
  std::vector<int32_t> token_ids;  // [T], special tokens included; T >= 1
  std::vector<int32_t> type_ids;   // [T]
  Target target;
  Wanted wanted;
  std::optional<Alteration> alteration = std::nullopt;
  // [T], each in [0, max_tokens), rising; empty: 0, 1, ... Where tokens are left out, the others keep their places by
  // it: what an attention mask of 0 does, without the work.
  std::vector<int32_t> positions = {};
  std::shared_ptr<const HiddenStates> replaced_hidden = nullptr;  // put in place of what the layers before computed
  BackwardRule backward_rule = BackwardRule::kGradient;
  // The leading `past_length` of token_ids are in `past` already and are not run again; this row adds the others, so
  // that the next may go on behind them. Not with what changes a row or taps its layers (check_past.cc).
  std::shared_ptr<Past> past = nullptr;
  int64_t past_length = 0;

  // That the pass has to do with: the forward pass runs the new ones, the backward pass all.
  size_t num_computed_tokens() const {
    return token_ids.size() - (wanted.needs_backward() ? 0 : static_cast<size_t>(past_length));
  }

  friend bool operator==(const Row&, const Row&) = default;
};

// The best substitutions of one token, the most negative estimate first.
struct Substitutions {
  int32_t token = 0;
  std::vector<int32_t> ids;
  std::vector<float> estimates;
};

// A read-only fp32 array in host memory, row-major; shares ownership of what it looks at, so it is cheap to copy and
// outlives the batch that made it.
struct HostTensor {
  std::vector<int64_t> shape;
  std::span<const float> values;
  std::shared_ptr<const void> owner;

  bool empty() const { return values.empty(); }
};

// What the model says of a row.
struct Prediction {
  std::vector<float> logits;     // [classes]; empty without a classification head
  std::vector<float> embedding;  // [hidden_size] pooled; empty with a head
  // [T, labels] of a model that labels tokens, whose `logits` are the target's token's; [T, 2], of begin and of end, of
  // a model that answers questions; else empty.
  std::vector<float> token_logits;
  TokenRange answer;  // of a model that answers questions: what it says
  // The target after resolution; -1, or an empty range, where the kind has none.
  int32_t class_index = -1;
  int32_t foil_index = -1;
  TokenRange target_tokens;  // the token that has `logits`; the answer that is explained
  float target_value = 0;    // F; 0 when Target::Kind::kNone
};

struct RowResult {
  Prediction prediction;
  // Layer by layer in the order of Wanted::attention_layers, each [heads, T, T].
  std::vector<HostTensor> attention;
  HostTensor head_mean_attention;  // [layers, T, T]
  HostTensor gradient_attention;   // [layers, T, T]
  HostTensor head_importance;      // [layers, heads]
  // Indexed by AttachPoint; [T, d] each.
  std::array<HostTensor, kNumAttachPoints> inputs;
  std::array<HostTensor, kNumAttachPoints> gradients;
  std::vector<HostTensor> gradient_dots;     // in the order of Wanted's, [T] each
  HostTensor layer_gradient_x_activation;    // [layers + 1, T]
  std::vector<HostTensor> hidden_states;     // in the order of Wanted's, [T, d] each
  HostTensor layer_gradient_dot;             // [T]
  HostTensor value_zeroing;                  // [layers, T, T]
  std::vector<Substitutions> substitutions;  // in the order of SubstitutionSearch::tokens
};

}  // namespace limpid::engine
