#include "commands/compare.h"

#include <utility>

#include "CLI/Config.hpp"
#include "CLI/Formatter.hpp"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "commands/request_options.h"
#include "lib/render/comparison_report.h"
#include "lib/request/method_spec.h"

namespace limpid::client {
namespace {

constexpr char kMethods[] = "saliency,gradient_x_input,integrated_gradients,occlusion";
constexpr char kMethodOfModels[] = "integrated_gradients";

constexpr char kFooter[] =
    R"(Without --method: saliency, gradient_x_input, integrated_gradients and occlusion; with --models integrated_gradients.
How methods and targets are written: limpid explain --help.

The first table has Spearman's rank correlation of the scores of each two rows, the second how many of their strongest
pieces are the same. Special tokens do not count; of two models that cut the text differently only the pieces do that
both have, which is why words are the default.

Examples:
  limpid compare "Income is stable, but two payments were missed."
  limpid compare "..." --method lime,kernel_shap,partition_shap --quality default
  limpid compare "..." --models credit-v1,credit-v2 --method occlusion --target declined
A TEXT that begins with "-" goes after "--".)";

absl::StatusOr<std::vector<std::string>> ModelNames(const std::string& list) {
  std::vector<std::string> names;
  if (list.empty()) return names;
  if (const absl::Status valid = CheckUtf8(list, "--models"); !valid.ok()) return valid;
  for (absl::string_view name : absl::StrSplit(list, ',')) {
    names.emplace_back(absl::StripAsciiWhitespace(name));
    if (names.back().empty()) return absl::InvalidArgumentError("--models: a name is missing");
  }
  if (names.size() < 2) return absl::InvalidArgumentError("--models: give two or more, e.g. --models A,B");
  return names;
}

}  // namespace

CLI::App* CompareCommand::AddTo(CLI::App* app) {
  request.methods.clear();
  request.granularity = "word";
  CLI::App* command = app->add_subcommand("compare", "Explain a text by several methods, or models, side by side");
  command->add_option("TEXT", request.input.text, "What the model shall read; - reads standard input (UTF-8)")
      ->required()
      ->type_name("");
  command->add_option("--pair", request.input.pair, "Second text, for models of text pairs")->type_name("TEXT");
  AddRequestOptions(command, &request);
  command->add_option("--models", models, "Comma list of models, to compare these by one method")
      ->excludes(command->get_option("--model"))
      ->type_name("NAMES");
  command->add_option("--top", top, "Strongest pieces that are held against each other")
      ->check(CLI::PositiveNumber.description(""))
      ->capture_default_str()
      ->type_name("N");
  AddCommonOptions(command, &common);
  command->footer(kFooter);
  return command;
}

ExitCode CompareCommand::Run(const Streams& streams, const Terminal& terminal) const {
  const absl::StatusOr<std::vector<std::string>> model_names = ModelNames(models);
  if (!model_names.ok()) return FailUsage(model_names.status(), streams.err);
  const bool compares_models = !model_names->empty();
  ExplainOptions options = request;
  if (options.methods.empty()) options.methods = {compares_models ? kMethodOfModels : kMethods};
  const std::vector<std::string> methods = MethodSpecs(options.methods);
  if (compares_models ? methods.size() != 1 : methods.size() < 2) {
    const char* wanted =
        compares_models ? "give one to compare models by" : "give two or more, e.g. saliency,occlusion";
    return FailUsage(absl::InvalidArgumentError(absl::StrCat("--method: ", wanted)), streams.err);
  }
  const absl::StatusOr<v1::ExplainRequest> explain = MakeExplainRequest(options, streams.in);
  if (!explain.ok()) return FailUsage(explain.status(), streams.err);
  const absl::StatusOr<ExplainClient> client = MakeClient(common);
  if (!client.ok()) return FailUsage(client.status(), streams.err);

  Comparison comparison;
  comparison.request = *explain;
  comparison.top = top;
  for (const std::string& model : compares_models ? *model_names : std::vector{options.model}) {
    v1::ExplainRequest asked = *explain;
    asked.set_model(model);
    absl::StatusOr<Explanation> answer = client->Explain(asked);
    if (!answer.ok()) return Fail(answer.status(), streams.err);
    AddAnswer(*std::move(answer), compares_models ? std::vector{model} : methods, &comparison);
  }
  streams.out << (common.json ? Dump(ComparisonJson(comparison))
                              : ComparisonReport(comparison, Palette(ChooseColorMode(common.color, terminal)),
                                                 terminal.columns));
  return kDone;
}

}  // namespace limpid::client
