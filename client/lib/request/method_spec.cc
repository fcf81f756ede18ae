#include "lib/request/method_spec.h"

#include <algorithm>
#include <map>
#include <optional>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "lib/request/message_options.h"

namespace limpid::client {
namespace {

// NAME[@ATTACH_POINT][:OPTION]... taken apart. Options are "key=value", or a bare word.
struct Parts {
  std::string name;
  std::optional<std::string> attach_point;
  std::vector<std::string> options;
};

template <typename... Words>
absl::Status Refuse(const Words&... words) {
  return absl::InvalidArgumentError(absl::StrCat("--method ", words...));
}

std::string Canonical(absl::string_view text) {
  std::string canonical = absl::AsciiStrToLower(absl::StripAsciiWhitespace(text));
  std::replace(canonical.begin(), canonical.end(), '-', '_');
  return canonical;
}

// Values keep their hyphens: layer=-1.
std::string CanonicalOption(absl::string_view option) {
  const std::vector<std::string> sides = absl::StrSplit(option, absl::MaxSplits('=', 1));
  return sides.size() == 1 ? Canonical(option) : absl::StrCat(Canonical(sides[0]), "=", sides[1]);
}

// The attach point may stand after any part: "saliency:l1@embedding_output" is as good.
absl::StatusOr<Parts> TakeApart(absl::string_view spec) {
  Parts parts;
  for (absl::string_view piece : absl::StrSplit(spec, ':')) {
    const std::vector<absl::string_view> sides = absl::StrSplit(piece, absl::MaxSplits('@', 1));
    if (sides.size() == 2) {
      if (parts.attach_point.has_value()) return Refuse(spec, ": more than one \"@\"");
      parts.attach_point = Canonical(sides[1]);
    }
    if (parts.name.empty()) {
      parts.name = Canonical(sides[0]);
      if (parts.name.empty()) return Refuse("\"", spec, "\": a name is missing");
    } else {
      parts.options.push_back(CanonicalOption(sides[0]));
    }
  }
  return parts;
}

std::string OptionsOf(const std::string& options) {
  return options.empty() ? "it has no options" : absl::StrCat("its options are ", options);
}

absl::Status Fill(const Parts& parts, v1::Method* method) {
  const google::protobuf::FieldDescriptor* field = v1::Method::descriptor()->FindFieldByName(parts.name);
  if (field == nullptr) {
    const auto name = [](std::string* out, const MethodHelp& help) { out->append(help.name); };
    return Refuse(parts.name, ": no such method; there are ", absl::StrJoin(MethodHelps(), ", ", name));
  }
  google::protobuf::Message* options = method->GetReflection()->MutableMessage(method, field);
  const auto unknown = [&](const std::string& option) {
    return Refuse(parts.name, ": it has no option \"", option, "\"; ",
                  OptionsOf(DescribeOptions(*field->message_type())));
  };
  if (parts.attach_point.has_value() && !SetAttachPoint(*parts.attach_point, options)) {
    return unknown("@" + *parts.attach_point);
  }
  for (const std::string& option : parts.options) {
    if (!SetOption(option, options)) return unknown(option);
  }
  return absl::OkStatus();
}

// What the contract's comments say at length, in half a sentence.
struct Meaning {
  const char* text = "";
  bool is_conditional = false;
};

const Meaning& MeaningOf(const std::string& method) {
  static const auto& meanings = *new std::map<std::string, Meaning>{
      {"saliency", {"size of the gradient: what the score is sensitive to"}},
      {"gradient_x_input", {"gradient x input: what speaks for and against, signed"}},
      {"attention_rollout", {"attention followed through all layers; looks at no target"}},
      {"gradient_weighted_attention", {"attention weighted by its gradient, through all layers"}},
      {"gradient_x_attention", {"the same for one layer (default: the last)"}},
      {"head_importance", {"how much the score hangs on each attention head"}},
      {"occlusion", {"what the score loses without each token, word, sentence or span: one pass for each"}},
      {"sequential_integrated_gradients", {"each token's way from the mask to itself, exactly: one pass for each"}},
      {"smooth_grad", {"the gradient, averaged over noisy copies of the input"}},
      {"integrated_gradients", {"the gradient summed on the way from a baseline, until its error is small enough"}},
      {"layer_gradient_x_activation", {"gradient x hidden state in the middle of the model"}},
      {"layer_integrated_gradients", {"integrated gradients from the middle of the model on"}},
      {"lrp", {"layer-wise relevance propagation (builds with LIMPID_LRP)", /*is_conditional=*/true}},
      {"lime", {"a linear model of the score, fitted around the text"}},
      {"kernel_shap", {"Shapley values of words, sampled or exact"}},
      {"partition_shap", {"Shapley values down a tree of words (Owen values)"}},
      {"value_zeroing",
       {"how much each token mixes into another, layer by layer; looks at no target", /*is_conditional=*/true}},
      {"attention_flow", {"attention as a flow through all layers; looks at no target", /*is_conditional=*/true}},
      {"token_interactions", {"which pairs of tokens make two texts similar", /*is_conditional=*/true}},
      {"hot_flip", {"the word substitutions that change the decision", /*is_conditional=*/true}},
      {"input_reduction", {"what can be taken out without changing the decision", /*is_conditional=*/true}},
      {"counterfactual", {"the smallest edit that changes the decision", /*is_conditional=*/true}},
  };
  static const Meaning unknown;
  const auto found = meanings.find(method);
  return found == meanings.end() ? unknown : found->second;
}

}  // namespace

const std::vector<MethodHelp>& MethodHelps() {
  static const auto& helps = *new std::vector<MethodHelp>([] {
    std::vector<MethodHelp> all;
    const google::protobuf::Descriptor* method = v1::Method::descriptor();
    for (int i = 0; i < method->field_count(); ++i) {
      const google::protobuf::FieldDescriptor& field = *method->field(i);
      all.push_back({.name = field.name(),
                     .options = DescribeOptions(*field.message_type()),
                     .meaning = MeaningOf(field.name()).text,
                     .is_conditional = MeaningOf(field.name()).is_conditional});
    }
    return all;
  }());
  return helps;
}

absl::StatusOr<v1::Method> ParseMethod(absl::string_view spec) {
  const absl::StatusOr<Parts> parts = TakeApart(spec);
  if (!parts.ok()) return parts.status();
  v1::Method method;
  if (const absl::Status filled = Fill(*parts, &method); !filled.ok()) return filled;
  return method;
}

std::vector<std::string> MethodSpecs(absl::string_view list) {
  std::vector<std::string> specs;
  if (Canonical(list) == "none") return specs;
  for (absl::string_view spec : absl::StrSplit(list, ',')) {
    if (Canonical(spec) != "all") {
      specs.emplace_back(absl::StripAsciiWhitespace(spec));
      continue;
    }
    for (const MethodHelp& help : MethodHelps()) {
      if (!help.is_conditional) specs.push_back(help.name);
    }
  }
  return specs;
}

std::vector<std::string> MethodSpecs(const std::vector<std::string>& lists) {
  std::vector<std::string> specs;
  for (const std::string& list : lists) {
    for (std::string& spec : MethodSpecs(absl::string_view(list))) specs.push_back(std::move(spec));
  }
  return specs;
}

absl::StatusOr<std::vector<v1::Method>> ParseMethods(absl::string_view list) {
  std::vector<v1::Method> methods;
  for (const std::string& spec : MethodSpecs(list)) {
    absl::StatusOr<v1::Method> method = ParseMethod(spec);
    if (!method.ok()) return method.status();
    methods.push_back(*std::move(method));
  }
  return methods;
}

}  // namespace limpid::client
