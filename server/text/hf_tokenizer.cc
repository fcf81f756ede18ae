#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>
#include <utility>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "base/reason.h"
#include "base/status_macros.h"
#include "text/hf/limpid_hf_tokenizer.h"
#include "text/tokenizer.h"
#include "text/utf8.h"

namespace limpid::text {
namespace {

struct FreeHandle {
  void operator()(limpid_hf_tokenizer* handle) const { limpid_hf_tokenizer_free(handle); }
};
using Handle = std::unique_ptr<limpid_hf_tokenizer, FreeHandle>;

limpid_hf_bytes Bytes(std::string_view text) { return {text.data(), text.size()}; }

// Takes `error`.
absl::Status ToStatus(limpid_hf_status status, char* error) {
  if (status == LIMPID_HF_OK) return absl::OkStatus();
  const std::string message = error;
  limpid_hf_error_free(error);
  return status == LIMPID_HF_INVALID ? absl::InvalidArgumentError(message) : absl::InternalError(message);
}

limpid_hf_truncation ToHf(Truncation truncation) {
  switch (truncation) {
    case Truncation::kError:
      return LIMPID_HF_TRUNCATION_ERROR;
    case Truncation::kLongestFirst:
      return LIMPID_HF_TRUNCATION_LONGEST_FIRST;
    case Truncation::kOnlyFirst:
      return LIMPID_HF_TRUNCATION_ONLY_FIRST;
    case Truncation::kOnlySecond:
      return LIMPID_HF_TRUNCATION_ONLY_SECOND;
  }
  return LIMPID_HF_TRUNCATION_ERROR;
}

absl::Status CheckUtf8(const char* name, std::string_view text) {
  if (const auto at = FindInvalidUtf8(text)) {
    return absl::InvalidArgumentError(absl::StrCat(name, " is not valid UTF-8 at byte ", *at));
  }
  return absl::OkStatus();
}

// Places of tokens in one text.
class OffsetMap {
 public:
  explicit OffsetMap(std::string_view text) : chars_(CodePointIndex(text)) {}

  void SetOffsets(const limpid_hf_token& raw, Token& token) const {
    // Where the crate cannot map a token back, it gives the place in the normalised text, which may be longer.
    const auto size = static_cast<uint32_t>(chars_.size() - 1);
    token.begin_byte = std::min(raw.begin_byte, size);
    token.end_byte = std::min(raw.end_byte, size);
    token.begin_char = chars_[token.begin_byte];
    token.end_char = chars_[token.end_byte];
  }

 private:
  const std::vector<uint32_t> chars_;
};

class HfTokenizer final : public Tokenizer {
 public:
  explicit HfTokenizer(Handle handle)
      : handle_(std::move(handle)), stand_ins_(FindStandIns()), spelling_(FindSpelling()) {}

  absl::StatusOr<Encoding> Encode(std::string_view text, std::optional<std::string_view> text_pair,
                                  Truncation truncation, size_t max_tokens) const override {
    ABSL_RETURN_IF_ERROR(CheckUtf8("text", text));
    ABSL_RETURN_IF_ERROR(CheckUtf8("text_pair", text_pair.value_or("")));
    const limpid_hf_input input = {.text = Bytes(text),
                                   .pair = Bytes(text_pair.value_or("")),
                                   .has_pair = text_pair.has_value(),
                                   .truncation = ToHf(truncation),
                                   .max_tokens = max_tokens};
    limpid_hf_encoding encoding;
    char* error = nullptr;
    const limpid_hf_status status = limpid_hf_encode(handle_.get(), &input, &encoding, &error);
    if (absl::Status encoded = ToStatus(status, error); !encoded.ok()) {
      // Of a text in UTF-8 only the length can be wrong.
      const bool is_too_long = absl::IsInvalidArgument(encoded);
      return is_too_long ? base::WithReason(std::move(encoded), base::Reason::kRequestTooLarge) : encoded;
    }
    const absl::Cleanup free_encoding = [&encoding] { limpid_hf_encoding_free(encoding); };

    const OffsetMap maps[] = {OffsetMap(text), OffsetMap(text_pair.value_or(""))};
    Encoding result{.tokens = {}, .truncated = encoding.truncated};
    result.tokens.reserve(encoding.size);
    for (size_t i = 0; i < encoding.size; ++i) {
      const limpid_hf_token& raw = encoding.tokens[i];
      Token& token = result.tokens.emplace_back();
      if (!Spell(raw.id, token)) {
        return absl::InternalError(absl::StrCat("tokenizer.json gives id ", raw.id, ", which its vocabulary lacks"));
      }
      token.type_id = static_cast<int32_t>(raw.type_id);
      token.sequence = raw.sequence;
      token.word = raw.word;
      token.is_special = raw.is_special;
      if (raw.sequence >= 0) maps[raw.sequence].SetOffsets(raw, token);
    }
    return result;
  }

  absl::StatusOr<Encoding> FromIds(const std::vector<int32_t>& ids) const override {
    Encoding result;
    result.tokens.reserve(ids.size());
    for (size_t i = 0; i < ids.size(); ++i) {
      Token& token = result.tokens.emplace_back();
      if (ids[i] < 0 || !Spell(static_cast<uint32_t>(ids[i]), token)) return OutsideVocabulary(ids[i], i);
      token.sequence = token.is_special ? -1 : 0;
    }
    return result;
  }

  absl::StatusOr<std::string> Decode(std::span<const int32_t> ids, bool skip_special_tokens) const override {
    // Python passes over ids that it does not know.
    for (size_t i = 0; i < ids.size(); ++i) {
      limpid_hf_bytes spelling;
      bool is_special;
      const bool is_known =
          ids[i] >= 0 && limpid_hf_spelling(handle_.get(), static_cast<uint32_t>(ids[i]), &spelling, &is_special);
      if (!is_known) return OutsideVocabulary(ids[i], i);
    }
    const std::vector<uint32_t> raw(ids.begin(), ids.end());
    limpid_hf_text text;
    char* error = nullptr;
    ABSL_RETURN_IF_ERROR(
        ToStatus(limpid_hf_decode(handle_.get(), raw.data(), raw.size(), skip_special_tokens, &text, &error), error));
    const absl::Cleanup free_text = [&text] { limpid_hf_text_free(text); };
    return std::string(text.data, text.size);
  }

  std::optional<int32_t> IdOf(std::string_view token) const override {
    uint32_t id;
    if (!limpid_hf_find(handle_.get(), Bytes(token), &id)) return std::nullopt;
    return static_cast<int32_t>(id);
  }

  size_t vocab_size() const override { return limpid_hf_vocab_size(handle_.get()); }
  StandIns stand_ins() const override { return stand_ins_; }
  Spelling spelling() const override { return spelling_; }

 private:
  // tokenizer.json does not say what a special token is for; these spellings are those of BERT's and RoBERTa's kin.
  StandIns FindStandIns() const {
    StandIns found;
    Token token;
    for (uint32_t id = 0; id < vocab_size(); ++id) {
      if (!Spell(id, token) || !token.is_special) continue;
      if (token.text == "[MASK]" || token.text == "<mask>") found.mask = token.id;
      if (token.text == "[PAD]" || token.text == "<pad>") found.pad = token.id;
      if (token.text == "[UNK]" || token.text == "<unk>") found.unknown = token.id;
    }
    return found;
  }

  // That of most entries with a mark.
  Spelling FindSpelling() const {
    std::map<Spelling, size_t> counts;
    Token token;
    for (uint32_t id = 0; id < vocab_size(); ++id) {
      if (!Spell(id, token)) continue;
      if (const auto spelling = SpellingOf(token.text)) ++counts[*spelling];
    }
    const auto most = std::ranges::max_element(counts, {}, [](const auto& counted) { return counted.second; });
    return most == counts.end() ? Spelling::kPieceMark : most->first;
  }

  absl::Status OutsideVocabulary(int32_t id, size_t index) const {
    return absl::InvalidArgumentError(
        absl::StrCat("token_ids[", index, "] is ", id, ", outside the vocabulary of ", vocab_size(), " tokens"));
  }

  // Sets id, text and is_special of `token`; false when the vocabulary has no such id.
  bool Spell(uint32_t id, Token& token) const {
    limpid_hf_bytes spelling;
    if (!limpid_hf_spelling(handle_.get(), id, &spelling, &token.is_special)) return false;
    token.id = static_cast<int32_t>(id);
    token.text.assign(spelling.data, spelling.size);
    return true;
  }

  const Handle handle_;
  const StandIns stand_ins_;
  const Spelling spelling_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Tokenizer>> LoadHfTokenizer(const std::string& model_folder) {
  const std::filesystem::path path = std::filesystem::path(model_folder) / "tokenizer.json";
  std::error_code ignored;
  if (!std::filesystem::is_regular_file(path, ignored)) {
    return absl::NotFoundError(absl::StrCat(path.string(), ": no such file"));
  }
  std::stringstream json;
  if (!(json << std::ifstream(path, std::ios::binary).rdbuf())) {
    return absl::InvalidArgumentError(absl::StrCat(path.string(), ": cannot be read, or is empty"));
  }
  limpid_hf_tokenizer* handle = nullptr;
  char* error = nullptr;
  const limpid_hf_status status = limpid_hf_tokenizer_load(Bytes(json.view()), &handle, &error);
  if (const absl::Status loaded = ToStatus(status, error); !loaded.ok()) {
    return absl::Status(loaded.code(), absl::StrCat(path.string(), ": ", loaded.message()));
  }
  return std::make_unique<HfTokenizer>(Handle(handle));
}

}  // namespace limpid::text
