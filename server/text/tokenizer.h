#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "text/spelling.h"

// Text to token ids, with the place in the original text that each token came from.
namespace limpid::text {

// What to do with a text that has more tokens than the model takes.
enum class Truncation { kError, kLongestFirst, kOnlyFirst, kOnlySecond };

// One token. Offsets are half-open ranges into the original UTF-8 text of its sequence, before any
// normalisation: in bytes, and in Unicode code points (what Python calls characters).
// A special token ([CLS], [SEP]) has empty ranges at 0.
struct Token {
  std::string text;  // the vocabulary's own spelling, e.g. "##able"
  int32_t id = 0;
  int32_t type_id = 0;    // segment, 0 or 1
  int32_t sequence = -1;  // 0 text, 1 text pair, -1 special token
  int32_t word = -1;      // word index within its sequence as the pre-tokenizer cut it, -1 special token
  bool is_special = false;
  uint32_t begin_byte = 0, end_byte = 0;
  uint32_t begin_char = 0, end_char = 0;
};

struct Encoding {
  std::vector<Token> tokens;
  bool truncated = false;  // tokens were left out
};

// Ids of what can stand in for a token; -1 where the vocabulary has none.
struct StandIns {
  int32_t mask = -1, pad = -1, unknown = -1;
};

// A Hugging Face fast tokenizer (tokenizer.json): same ids and offsets as Python's `tokenizers`, because it is the
// same code. Immutable after loading; any thread may encode and decode.
class Tokenizer {
 public:
  virtual ~Tokenizer() = default;

  // Encodes with the special tokens the model was trained with. Texts must be valid UTF-8, else
  // INVALID_ARGUMENT; more than `max_tokens` tokens with Truncation::kError (or with a pair that the policy
  // cannot shorten enough) is INVALID_ARGUMENT with both numbers in the message.
  virtual absl::StatusOr<Encoding> Encode(std::string_view text, std::optional<std::string_view> text_pair,
                                          Truncation truncation, size_t max_tokens) const = 0;

  // Tokens for ids the caller chose himself: spelling and is_special are filled in, offsets are empty.
  // An id outside the vocabulary is INVALID_ARGUMENT naming its index and the vocabulary's size.
  virtual absl::StatusOr<Encoding> FromIds(const std::vector<int32_t>& ids) const = 0;

  // The text of ids, as Python's `decode` gives it: bytes that are no UTF-8 become U+FFFD.
  // An id outside the vocabulary is INVALID_ARGUMENT naming its index and the vocabulary's size.
  virtual absl::StatusOr<std::string> Decode(std::span<const int32_t> ids, bool skip_special_tokens) const = 0;

  // The token that the vocabulary, added tokens included, spells so ("\u2581able").
  virtual std::optional<int32_t> IdOf(std::string_view token) const = 0;

  virtual size_t vocab_size() const = 0;

  virtual StandIns stand_ins() const = 0;

  virtual Spelling spelling() const { return Spelling::kPieceMark; }
};

// Loads `<folder>/tokenizer.json`. NOT_FOUND when it is missing, INVALID_ARGUMENT when it does not parse.
absl::StatusOr<std::unique_ptr<Tokenizer>> LoadHfTokenizer(const std::string& model_folder);

}  // namespace limpid::text
