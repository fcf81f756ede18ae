#pragma once

#include <string>
#include <vector>

#include "lib/render/palette.h"
#include "limpid/v1/explain.pb.h"

namespace limpid::client {

// What is printed of a generation, part by part as it comes: the text alone, or with explanations a line a token and
// below it the tokens before it that count most for it.
class GenerationReport {
 public:
  GenerationReport(const v1::GenerateRequest& request, const Palette& palette) : request_(request), palette_(palette) {}

  std::string Add(const v1::GenerateResponse& part);

 private:
  std::string Token(const v1::GeneratedToken& token);
  std::string Why(const v1::Attribution& attribution) const;
  std::string End(const v1::Summary& summary) const;

  const v1::GenerateRequest& request_;
  const Palette palette_;
  v1::Prediction prediction_;  // its tokens are all so far
  std::string generated_;      // text that is final, which counts as sequence 1
};

}  // namespace limpid::client
