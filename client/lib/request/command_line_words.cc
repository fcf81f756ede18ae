#include "lib/request/command_line_words.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/string_view.h"

namespace limpid::client {
namespace {

std::string Quoted(const std::string& word) {
  const auto is_plain = [](char c) { return absl::ascii_isalnum(c) || absl::StrContains("_@%+=:,./-", c); };
  if (!word.empty() && std::all_of(word.begin(), word.end(), is_plain)) return word;
  return absl::StrCat("'", absl::StrReplaceAll(word, {{"'", "'\\''"}}), "'");
}

class Line {
 public:
  void Add(absl::string_view word) { absl::StrAppend(&text_, " ", word); }
  // Leaves out what is so by default.
  void Option(absl::string_view name, const std::string& value, const std::string& otherwise) {
    if (value != otherwise) absl::StrAppend(&text_, " ", name, value.rfind('-', 0) == 0 ? "=" : " ", Quoted(value));
  }
  void Flag(absl::string_view name, bool is_set) {
    if (is_set) Add(name);
  }
  const std::string& text() const { return text_; }

 private:
  std::string text_ = "limpid explain";
};

}  // namespace

std::string CommandLineWords(const ExplainOptions& options, const v1::ExplainRequest& request,
                             const v1::ModelIdentity& model) {
  const ExplainOptions usual;
  Line line;
  line.Option("--model", model.name(), usual.model);
  line.Option("--method", absl::StrJoin(options.methods, ","), absl::StrJoin(usual.methods, ","));
  line.Option("--target", options.target, usual.target);
  line.Option("--score", options.score, usual.score);
  line.Option("--attention", options.attention, usual.attention);
  line.Flag("--attention-mean", options.attention_mean);
  line.Option("--attention-encoding", options.attention_encoding, usual.attention_encoding);
  line.Option("--attention-top-k", absl::StrCat(options.attention_top_k), absl::StrCat(usual.attention_top_k));
  line.Option("--granularity", options.granularity, usual.granularity);
  for (const std::string& span : options.spans) line.Option("--span", span, "");
  line.Option("--aggregation", options.aggregation, usual.aggregation);
  line.Option("--normalization", options.normalization, usual.normalization);
  line.Flag("--drop-special-tokens", options.drop_special_tokens);
  line.Option("--quality", options.quality, usual.quality);
  line.Option("--truncation", options.input.truncation, usual.input.truncation);
  line.Option("--pair", request.input().text_pair(), "");
  line.Add("--json");
  const std::string& text = request.input().text();
  if (text.rfind('-', 0) == 0) line.Add("--");
  line.Add(Quoted(text));
  return line.text();
}

}  // namespace limpid::client
