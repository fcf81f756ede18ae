#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "support/scratch.h"
#include "text/tokenizer.h"

namespace limpid::text {

// The contents of a tokenizer.json as BERT has it, with a vocabulary small enough to know every id by heart.
inline nlohmann::json TinyTokenizerJson() {
  auto json = nlohmann::json::parse(R"({
    "version": "1.0",
    "truncation": null,
    "padding": null,
    "added_tokens": [],
    "normalizer": {
      "type": "BertNormalizer",
      "clean_text": true, "handle_chinese_chars": true, "strip_accents": null, "lowercase": true
    },
    "pre_tokenizer": {"type": "BertPreTokenizer"},
    "post_processor": {"type": "BertProcessing", "cls": ["[CLS]", 2], "sep": ["[SEP]", 3]},
    "decoder": {"type": "WordPiece", "prefix": "##", "cleanup": true},
    "model": {
      "type": "WordPiece",
      "unk_token": "[UNK]",
      "continuing_subword_prefix": "##",
      "max_input_chars_per_word": 100,
      "vocab": {"[PAD]": 0, "[UNK]": 1, "[CLS]": 2, "[SEP]": 3,
                "cafe": 4, "un": 5, "##believ": 6, "##able": 7, "a": 8, "b": 9}
    }
  })");
  int id = 0;
  for (const char* content : {"[PAD]", "[UNK]", "[CLS]", "[SEP]"}) {
    json["added_tokens"].push_back({{"id", id++},
                                    {"content", content},
                                    {"special", true},
                                    {"normalized", false},
                                    {"single_word", false},
                                    {"lstrip", false},
                                    {"rstrip", false}});
  }
  return json;
}

// A folder of its own for each name, with `contents` as its tokenizer.json.
inline std::string TokenizerFolder(const std::string& name, const std::string& contents) {
  const std::filesystem::path folder = limpid_test::Scratch() / ("limpid_tokenizer_" + name);
  std::filesystem::create_directories(folder);
  std::ofstream(folder / "tokenizer.json", std::ios::binary) << contents;
  return folder.string();
}

}  // namespace limpid::text
