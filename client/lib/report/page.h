#pragma once

#include <string>

#include "lib/stored_answer.h"

namespace limpid::client {

// Pages of client/report/: all of an answer to look into, or one sheet to file.
enum class PageKind { kReport, kDecisionRecord };

// One HTML file with all it needs inside. It asks no network for anything, and forbids itself to. Attention maps are in
// 16 bits: probabilities are right to 1/131070. Of more than `kMaxAttentionValues` values, and in a record, none are
// there.
inline constexpr size_t kMaxAttentionValues = 16 << 20;
std::string MakePage(StoredAnswer answer, PageKind kind);

// What the page of `limpid bench` shows of a LoadReportJson.
std::string MakeBenchPage(const Json& report);
// The same of what `limpid evaluate --json` prints.
std::string MakeEvaluationPage(const Json& evaluation);

// JSON as it may stand within <script>: no text in it can end the element or begin a comment.
std::string EscapedForScript(const std::string& json);

}  // namespace limpid::client
