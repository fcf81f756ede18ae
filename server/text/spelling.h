#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace limpid::text {

// How the entries of a vocabulary say where words begin.
enum class Spelling {
  kPieceMark,  // "##able" goes on with a word (WordPiece)
  kByteLevel,  // "Ġable" begins one, "able" goes on, and a letter stands for a byte (GPT-2, RoBERTa)
  kMetaspace,  // "▁able" begins one (SentencePiece)
};

// What an entry with a mark speaks for.
std::optional<Spelling> SpellingOf(std::string_view entry);

// Whether it stands behind another token without a space, as a piece of a word or a punctuation mark does.
bool GoesOn(std::string_view entry, Spelling spelling);

// As it stands in a text, without the space that a mark may mean. The entry itself where its bytes are no UTF-8.
std::string AsText(std::string_view entry, Spelling spelling);

}  // namespace limpid::text
