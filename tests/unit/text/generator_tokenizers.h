#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "absl/strings/str_format.h"
#include "unit/text/tiny_tokenizer.h"

namespace limpid::text {

// How GPT-2 spells each byte.
inline std::array<std::string, 256> ByteLetters() {
  std::array<std::string, 256> letters;
  int unprintable = 0;
  for (int byte = 0; byte < 256; ++byte) {
    const bool is_printable = (byte >= '!' && byte <= '~') || (byte >= 0xA1 && byte <= 0xAC) || byte >= 0xAE;
    const int letter = is_printable ? byte : 0x100 + unprintable++;
    if (letter < 0x80) {
      letters[byte] = static_cast<char>(letter);
    } else {
      letters[byte] = {static_cast<char>(0xC0 | letter >> 6), static_cast<char>(0x80 | (letter & 0x3F))};
    }
  }
  return letters;
}

// A vocabulary of `model` as {spelling: id}, which goes on with `tokens`.
inline void AddToVocabulary(nlohmann::json& model, const std::vector<std::string>& tokens) {
  for (const std::string& token : tokens) model["vocab"][token] = model["vocab"].size();
}

// As GPT-2 has it: ids 0 to 255 are bytes, then come "<|endoftext|>" and what `merges` make, as {"\u0120", "a"}.
inline nlohmann::json Gpt2Json(const std::vector<std::array<std::string, 2>>& merges) {
  nlohmann::json json = TinyTokenizerJson();
  const nlohmann::json byte_level = {
      {"type", "ByteLevel"}, {"add_prefix_space", false}, {"trim_offsets", false}, {"use_regex", true}};
  json["normalizer"] = nullptr;
  json["pre_tokenizer"] = json["post_processor"] = json["decoder"] = byte_level;
  nlohmann::json& model = json["model"] = {{"type", "BPE"}, {"vocab", nlohmann::json::object()}, {"merges", merges}};
  for (const std::string& letter : ByteLetters()) AddToVocabulary(model, {letter});
  AddToVocabulary(model, {"<|endoftext|>"});
  for (const auto& [left, right] : merges) AddToVocabulary(model, {left + right});
  nlohmann::json special = json["added_tokens"][0];
  special["id"] = 256;
  special["content"] = "<|endoftext|>";
  json["added_tokens"] = {special};
  return json;
}

// As Llama has it: "<unk>", "<s>", "</s>", ids 3 to 258 are bytes, then come "\u2581", the letters a to z, and what
// `merges` make. What has no token of its own is spelt in bytes.
inline nlohmann::json LlamaJson(const std::vector<std::array<std::string, 2>>& merges) {
  nlohmann::json json = TinyTokenizerJson();
  json["pre_tokenizer"] = json["post_processor"] = nullptr;
  json["normalizer"] = nlohmann::json::parse(R"({"type": "Sequence", "normalizers": [
    {"type": "Prepend", "prepend": "\u2581"}, {"type": "Replace", "pattern": {"String": " "}, "content": "\u2581"}]})");
  json["decoder"] = nlohmann::json::parse(R"({"type": "Sequence", "decoders": [
    {"type": "Replace", "pattern": {"String": "\u2581"}, "content": " "}, {"type": "ByteFallback"}, {"type": "Fuse"},
    {"type": "Strip", "content": " ", "start": 1, "stop": 0}]})");
  nlohmann::json& model =
      json["model"] = {{"type", "BPE"},         {"unk_token", "<unk>"}, {"fuse_unk", true},
                       {"byte_fallback", true}, {"merges", merges},     {"vocab", nlohmann::json::object()}};
  AddToVocabulary(model, {"<unk>", "<s>", "</s>"});
  for (int byte = 0; byte < 256; ++byte) AddToVocabulary(model, {absl::StrFormat("<0x%02X>", byte)});
  AddToVocabulary(model, {"\u2581"});
  for (char letter = 'a'; letter <= 'z'; ++letter) AddToVocabulary(model, {std::string(1, letter)});
  for (const auto& [left, right] : merges) AddToVocabulary(model, {left + right});
  const nlohmann::json special = json["added_tokens"][0];
  json["added_tokens"].clear();
  for (int id = 0; id < 3; ++id) {
    json["added_tokens"].push_back(special);
    json["added_tokens"].back()["id"] = id;
    json["added_tokens"].back()["content"] = std::array{"<unk>", "<s>", "</s>"}[static_cast<size_t>(id)];
  }
  return json;
}

}  // namespace limpid::text
