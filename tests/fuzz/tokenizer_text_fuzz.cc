// Bytes as the texts of a request, through the C interface of the crate and through the room's door. First byte: the
// policy; second: how many tokens; the rest: the text and, after a NUL byte, its pair.
#include <algorithm>
#include <cstdint>
#include <fstream>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>

#include "fuzz/check.h"
#include "text/hf/limpid_hf_tokenizer.h"
#include "text/tokenizer.h"

namespace {

constexpr char kFolder[] = LIMPID_SOURCE_DIR "/tests/models/credit";

limpid_hf_bytes Bytes(std::string_view text) { return {text.data(), text.size()}; }

const limpid_hf_tokenizer* LoadRaw() {
  std::ifstream file(std::string(kFolder) + "/tokenizer.json", std::ios::binary);
  const std::string json{std::istreambuf_iterator<char>(file), {}};
  limpid_hf_tokenizer* tokenizer = nullptr;
  char* error = nullptr;
  FUZZ_CHECK(limpid_hf_tokenizer_load(Bytes(json), &tokenizer, &error) == LIMPID_HF_OK);
  return tokenizer;
}

void EncodeRaw(const limpid_hf_input& input) {
  static const limpid_hf_tokenizer* const tokenizer = LoadRaw();
  limpid_hf_encoding encoding = {};
  char* error = nullptr;
  const limpid_hf_status status = limpid_hf_encode(tokenizer, &input, &encoding, &error);
  if (status == LIMPID_HF_OK) {
    FUZZ_CHECK(encoding.size <= input.max_tokens);
    limpid_hf_encoding_free(encoding);
  } else {
    FUZZ_CHECK(status == LIMPID_HF_INVALID);  // INTERNAL would be a panic
    limpid_hf_error_free(error);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 2) return 0;
  const auto truncation = static_cast<limpid::text::Truncation>(data[0] % 4);
  const size_t max_tokens = data[1];
  const std::string_view input(reinterpret_cast<const char*>(data) + 2, size - 2);
  const size_t split = input.find('\0');
  const std::string_view text = input.substr(0, split);
  std::optional<std::string_view> pair;
  if (split != std::string_view::npos) pair = input.substr(split + 1);

  EncodeRaw({.text = Bytes(text),
             .pair = Bytes(pair.value_or("")),
             .has_pair = pair.has_value(),
             .truncation = static_cast<limpid_hf_truncation>(truncation),
             .max_tokens = max_tokens});

  static const auto tokenizer = limpid::text::LoadHfTokenizer(kFolder);
  const auto encoding = (*tokenizer)->Encode(text, pair, truncation, max_tokens);
  if (!encoding.ok()) {
    FUZZ_CHECK(encoding.status().code() == absl::StatusCode::kInvalidArgument);
    return 0;
  }
  FUZZ_CHECK(encoding->tokens.size() <= max_tokens);
  for (const limpid::text::Token& token : encoding->tokens) {
    const size_t length = token.sequence == 1 ? pair->size() : text.size();
    FUZZ_CHECK(token.begin_byte <= token.end_byte && token.end_byte <= length);
    FUZZ_CHECK(token.begin_char <= token.end_char && token.end_char <= token.end_byte);
  }
  return 0;
}
