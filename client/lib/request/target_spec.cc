#include "lib/request/target_spec.h"

#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

namespace limpid::client {
namespace {

constexpr absl::string_view kVersus = "-vs-";

absl::Status Refuse(absl::string_view spec, absl::string_view problem) {
  return absl::InvalidArgumentError(absl::StrCat("--target ", spec, ": ", problem,
                                                 "; write predicted, mean, answer, answer=BEGIN-END, a class's label "
                                                 "or index, A-vs-B (or predicted-vs-runner_up), or "
                                                 "similarity=TEXT"));
}

absl::StatusOr<v1::Class> ParseClass(absl::string_view name, absl::string_view spec) {
  v1::Class parsed;
  int32_t index;
  if (absl::ConsumePrefix(&name, "label=")) {
    parsed.set_label(std::string(name));
  } else if (absl::ConsumePrefix(&name, "index=")) {
    if (!absl::SimpleAtoi(name, &index)) return Refuse(spec, absl::StrCat("\"", name, "\" is not a class index"));
    parsed.set_index(index);
  } else if (absl::SimpleAtoi(name, &index)) {
    parsed.set_index(index);
  } else if (name.empty()) {
    return Refuse(spec, "a class is missing");
  } else {
    parsed.set_label(std::string(name));
  }
  return parsed;
}

absl::StatusOr<v1::Target> ParseContrast(absl::string_view target, absl::string_view foil, absl::string_view spec) {
  v1::Target parsed;
  v1::Contrast* contrast = parsed.mutable_contrast();
  if (target != "predicted") {
    const absl::StatusOr<v1::Class> target_class = ParseClass(target, spec);
    if (!target_class.ok()) return target_class.status();
    *contrast->mutable_target() = *target_class;
  }
  if (foil != "runner_up" && foil != "runner-up") {
    const absl::StatusOr<v1::Class> foil_class = ParseClass(foil, spec);
    if (!foil_class.ok()) return foil_class.status();
    *contrast->mutable_foil() = *foil_class;
  }
  return parsed;
}

absl::StatusOr<v1::Target> ParseAnswer(absl::string_view tokens, absl::string_view spec) {
  v1::Target parsed;
  const std::pair<absl::string_view, absl::string_view> ends = absl::StrSplit(tokens, absl::MaxSplits('-', 1));
  uint32_t begin = 0, end = 0;
  if (!absl::SimpleAtoi(ends.first, &begin) || !absl::SimpleAtoi(ends.second, &end)) {
    return Refuse(spec, "an answer is tokens BEGIN-END, the end not among them, e.g. answer=12-14");
  }
  parsed.mutable_answer()->set_begin_token(begin);
  parsed.mutable_answer()->set_end_token(end);
  return parsed;
}

}  // namespace

absl::StatusOr<v1::Target> ParseTarget(absl::string_view spec) {
  v1::Target target;
  absl::string_view rest = spec;
  if (spec == "predicted") {
    target.mutable_predicted_class();
  } else if (spec == "mean") {
    target.mutable_mean_output();
  } else if (spec == "answer") {
    target.mutable_answer();
  } else if (absl::ConsumePrefix(&rest, "answer=")) {
    return ParseAnswer(rest, spec);
  } else if (absl::ConsumePrefix(&rest, "similarity=")) {
    if (rest.empty()) return Refuse(spec, "the other text is missing");
    target.mutable_similarity()->set_text(std::string(rest));
  } else if (const size_t versus = spec.find(kVersus);
             versus != absl::string_view::npos && !absl::StartsWith(spec, "label=")) {
    return ParseContrast(spec.substr(0, versus), spec.substr(versus + kVersus.size()), spec);
  } else {
    const absl::StatusOr<v1::Class> parsed = ParseClass(spec, spec);
    if (!parsed.ok()) return parsed.status();
    *target.mutable_class_() = *parsed;
  }
  return target;
}

}  // namespace limpid::client
