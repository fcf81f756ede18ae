#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "lib/gather.h"
#include "lib/render/palette.h"
#include "limpid/v1/explain.pb.h"

namespace limpid::client {

struct ReportStyle {
  Palette palette;
  size_t columns = 100;
  std::optional<size_t> top;  // pieces listed per method; see score_list.h
};

// A whole answer for a person at a terminal: prediction, target, each method over the original text with what belongs
// to it (edits, pairs of tokens, completeness, quality), what attention came, time and model. `saved_to` names the
// files that hold the arrays.
std::string ExplanationReport(const v1::ExplainRequest& request, const Explanation& explanation,
                              const std::vector<std::string>& saved_to, const ReportStyle& style);

}  // namespace limpid::client
