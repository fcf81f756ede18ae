#include "lib/request/method_spec.h"

#include <algorithm>
#include <optional>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"

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

absl::StatusOr<v1::AttachPoint> ParseAttachPoint(const std::string& name) {
  if (name == "word_embedding") return v1::ATTACH_POINT_WORD_EMBEDDING;
  if (name == "embedding_sum") return v1::ATTACH_POINT_EMBEDDING_SUM;
  if (name == "embedding_output") return v1::ATTACH_POINT_EMBEDDING_OUTPUT;
  return Refuse("...@", name, ": the attach points are word_embedding, embedding_sum, embedding_output");
}

std::optional<v1::Reduction> ParseReduction(const std::string& option) {
  if (option == "l2") return v1::REDUCTION_L2;
  if (option == "l1") return v1::REDUCTION_L1;
  if (option == "mean_abs") return v1::REDUCTION_MEAN_ABS;
  return std::nullopt;
}

// "key=NUMBER" for the given key.
template <typename Number>
std::optional<Number> NumberOption(const std::string& option, absl::string_view key) {
  const std::vector<absl::string_view> sides = absl::StrSplit(option, absl::MaxSplits('=', 1));
  Number number;
  if (sides.size() != 2 || sides[0] != key || !absl::SimpleAtoi(sides[1], &number)) return std::nullopt;
  return number;
}

std::string OptionsOf(const std::string& name) {
  for (const MethodHelp& help : MethodHelps()) {
    if (name == help.name && help.options[0] != '\0') return absl::StrCat("its options are ", help.options);
  }
  return "it has no options";
}

absl::Status UnknownOption(const Parts& parts, const std::string& option) {
  return Refuse(parts.name, ": it has no option \"", option, "\"; ", OptionsOf(parts.name));
}

// Hands each option to `take`, which says whether it knows it.
template <typename Take>
absl::Status TakeOptions(const Parts& parts, bool has_attach_point, Take take) {
  if (parts.attach_point.has_value() && !has_attach_point) return UnknownOption(parts, "@" + *parts.attach_point);
  for (const std::string& option : parts.options) {
    if (!take(option)) return UnknownOption(parts, option);
  }
  return absl::OkStatus();
}

template <typename Message>
absl::Status SetAttachPoint(const Parts& parts, Message* message) {
  if (!parts.attach_point.has_value()) return absl::OkStatus();
  const absl::StatusOr<v1::AttachPoint> point = ParseAttachPoint(*parts.attach_point);
  if (point.ok()) message->set_attach_point(*point);
  return point.status();
}

absl::Status Fill(const Parts& parts, v1::Saliency* saliency) {
  if (const absl::Status attached = SetAttachPoint(parts, saliency); !attached.ok()) return attached;
  return TakeOptions(parts, /*has_attach_point=*/true, [&](const std::string& option) {
    const std::optional<v1::Reduction> reduction = ParseReduction(option);
    if (reduction.has_value()) saliency->set_reduction(*reduction);
    return reduction.has_value();
  });
}

absl::Status Fill(const Parts& parts, v1::GradientXInput* gradient_x_input) {
  if (const absl::Status attached = SetAttachPoint(parts, gradient_x_input); !attached.ok()) return attached;
  return TakeOptions(parts, /*has_attach_point=*/true, [](const std::string&) { return false; });
}

template <typename Message>
bool TakeQuery(const std::string& option, Message* message) {
  const std::optional<uint32_t> query = NumberOption<uint32_t>(option, "query");
  if (query.has_value()) message->set_query_token(*query);
  return query.has_value();
}

absl::Status Fill(const Parts& parts, v1::AttentionRollout* rollout) {
  return TakeOptions(parts, false, [&](const std::string& option) { return TakeQuery(option, rollout); });
}

absl::Status Fill(const Parts& parts, v1::GradientWeightedAttention* attention) {
  return TakeOptions(parts, false, [&](const std::string& option) { return TakeQuery(option, attention); });
}

absl::Status Fill(const Parts& parts, v1::GradientXAttention* attention) {
  return TakeOptions(parts, false, [&](const std::string& option) {
    const std::optional<int32_t> layer = NumberOption<int32_t>(option, "layer");
    if (layer.has_value()) attention->set_layer(*layer);
    return layer.has_value() || TakeQuery(option, attention);
  });
}

absl::Status Fill(const Parts& parts, v1::HeadImportance* importance) {
  return TakeOptions(parts, false, [&](const std::string& option) {
    if (option != "normalized") return false;
    importance->set_normalize_by_layer(true);
    return true;
  });
}

std::optional<v1::Replacement> ParseReplacement(const std::string& option) {
  if (option == "mask") return v1::REPLACEMENT_MASK;
  if (option == "pad") return v1::REPLACEMENT_PAD;
  if (option == "unknown") return v1::REPLACEMENT_UNKNOWN;
  if (option == "delete") return v1::REPLACEMENT_DELETE;
  return std::nullopt;
}

absl::Status Fill(const Parts& parts, v1::Occlusion* occlusion) {
  return TakeOptions(parts, false, [&](const std::string& option) {
    const bool is_unit = option == "word" || option == "token";
    if (is_unit) occlusion->set_unit(option == "word" ? v1::GRANULARITY_WORD : v1::GRANULARITY_TOKEN);
    const std::optional<v1::Replacement> replacement = ParseReplacement(option);
    if (replacement.has_value()) occlusion->set_replacement(*replacement);
    return is_unit || replacement.has_value();
  });
}

absl::Status Fill(const Parts& parts, v1::SequentialIntegratedGradients* method) {
  return TakeOptions(parts, false, [&](const std::string& option) {
    const std::optional<v1::Replacement> baseline = ParseReplacement(option);
    if (baseline.has_value()) method->set_baseline(*baseline);
    return baseline.has_value();
  });
}

absl::Status Fill(const Parts& parts, v1::Method* method) {
  if (parts.name == "saliency") return Fill(parts, method->mutable_saliency());
  if (parts.name == "gradient_x_input") return Fill(parts, method->mutable_gradient_x_input());
  if (parts.name == "attention_rollout") return Fill(parts, method->mutable_attention_rollout());
  if (parts.name == "gradient_weighted_attention") return Fill(parts, method->mutable_gradient_weighted_attention());
  if (parts.name == "gradient_x_attention") return Fill(parts, method->mutable_gradient_x_attention());
  if (parts.name == "head_importance") return Fill(parts, method->mutable_head_importance());
  if (parts.name == "occlusion") return Fill(parts, method->mutable_occlusion());
  if (parts.name == "sequential_integrated_gradients") {
    return Fill(parts, method->mutable_sequential_integrated_gradients());
  }
  const auto name = [](std::string* out, const MethodHelp& help) { out->append(help.name); };
  return Refuse(parts.name, ": no such method; there are ", absl::StrJoin(MethodHelps(), ", ", name));
}

}  // namespace

const std::vector<MethodHelp>& MethodHelps() {
  static const auto& helps = *new std::vector<MethodHelp>{
      {"saliency", "l2 (default), l1, mean_abs, @ATTACH_POINT", "size of the gradient: what the score is sensitive to"},
      {"gradient_x_input", "@ATTACH_POINT", "gradient x input: what speaks for and against, signed"},
      {"attention_rollout", "query=TOKEN", "attention followed through all layers; looks at no target"},
      {"gradient_weighted_attention", "query=TOKEN", "attention weighted by its gradient, through all layers"},
      {"gradient_x_attention", "layer=LAYER, query=TOKEN", "the same for one layer (default: the last)"},
      {"head_importance", "normalized", "how much the score hangs on each attention head"},
      {"occlusion", "token (default), word, mask (default), pad, unknown, delete",
       "what the score loses without each token or word: one pass for each"},
      {"sequential_integrated_gradients", "mask (default), pad, unknown",
       "each token's way from the mask to itself, exactly: one pass for each"},
  };
  return helps;
}

absl::StatusOr<v1::Method> ParseMethod(absl::string_view spec) {
  const absl::StatusOr<Parts> parts = TakeApart(spec);
  if (!parts.ok()) return parts.status();
  v1::Method method;
  if (const absl::Status filled = Fill(*parts, &method); !filled.ok()) return filled;
  return method;
}

absl::StatusOr<std::vector<v1::Method>> ParseMethods(absl::string_view list) {
  std::vector<v1::Method> methods;
  if (Canonical(list) == "none") return methods;
  std::vector<std::string> specs;
  for (absl::string_view spec : absl::StrSplit(list, ',')) {
    if (Canonical(spec) != "all") {
      specs.emplace_back(spec);
      continue;
    }
    for (const MethodHelp& help : MethodHelps()) specs.emplace_back(help.name);
  }
  for (const std::string& spec : specs) {
    absl::StatusOr<v1::Method> method = ParseMethod(spec);
    if (!method.ok()) return method.status();
    methods.push_back(*std::move(method));
  }
  return methods;
}

}  // namespace limpid::client
