// Bytes as a tokenizer.json. One that loads encodes a text or refuses it; a panic of the crate is an error like others.
#include <cstdint>
#include <fstream>
#include <string_view>

#include "fuzz/check.h"
#include "support/scratch.h"
#include "text/tokenizer.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::ofstream(limpid_test::Scratch() / "tokenizer.json", std::ios::binary)
      << std::string_view(reinterpret_cast<const char*>(data), size);
  const auto tokenizer = limpid::text::LoadHfTokenizer(limpid_test::Scratch().string());
  if (!tokenizer.ok()) {
    FUZZ_CHECK(!tokenizer.status().message().empty());
    return 0;
  }
  constexpr size_t kMaxTokens = 64;
  for (const auto truncation : {limpid::text::Truncation::kError, limpid::text::Truncation::kLongestFirst}) {
    const auto encoding = (*tokenizer)->Encode("un café \xF0\x9F\x98\x80 a", "b", truncation, kMaxTokens);
    if (encoding.ok()) FUZZ_CHECK(encoding->tokens.size() <= kMaxTokens);
  }
  const auto ids = (*tokenizer)->FromIds({0, 1, 1 << 30});
  FUZZ_CHECK(ids.ok() || !ids.status().message().empty());
  return 0;
}
