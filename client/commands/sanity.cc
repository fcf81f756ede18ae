#include "commands/sanity.h"

#include <string>
#include <utility>

#include "CLI/Config.hpp"
#include "CLI/Formatter.hpp"
#include "absl/strings/str_cat.h"
#include "lib/json.h"
#include "lib/render/sanity_report.h"
#include "lib/request/input.h"
#include "lib/request/method_spec.h"
#include "lib/request/target_spec.h"
#include "lib/sanity/private_server.h"
#include "lib/sanity/randomization_test.h"

namespace limpid::client {
namespace {

constexpr char kFooter[] =
    R"(It starts a limpid-server of its own and explains the texts; then it shuffles the weights of a copy of the model,
from the top down, and explains them again after each stage (Adebayo et al. 2018, Sanity Checks for Saliency Maps).
A method whose correlation stays near 1 shows the text rather than the model. A classifier is asked about the class
that the whole model predicted, an embedding model about the mean of its output. Chance alone gives the explanations
of one text of n pieces a correlation of about 1/sqrt(n - 1), to either side: take several texts, not too short.

The table's columns: head (pooler and classifier), L<layer> from the last to the first, embeddings.
"all" are the methods that run on any text; limpid explain --help lists methods and targets.
LIMPID_DEVICE and LIMPID_THREADS say where the server computes.

Examples:
  limpid sanity ./my-model "Income is stable, but two payments were missed." "The loan was repaid early."
  limpid sanity ./my-model --method attention_rollout,integrated_gradients < letters.txt

Exit code 0: measured, whatever came out.)";

absl::StatusOr<std::vector<std::string>> Texts(const std::vector<std::string>& given, std::istream& standard_input) {
  std::vector<std::string> texts = given;
  for (std::string line; given.empty() && std::getline(standard_input, line);) {
    if (!line.empty() && line.back() == '\r') line.pop_back();
    if (!line.empty()) texts.push_back(line);
  }
  if (texts.empty()) return absl::InvalidArgumentError("no text: give TEXT, or a text a line on standard input");
  for (size_t i = 0; i < texts.size(); ++i) {
    const absl::Status valid = CheckUtf8(texts[i], absl::StrCat("text ", i + 1));
    if (!valid.ok()) return valid;
  }
  return texts;
}

absl::Status SetMethods(const std::vector<std::string>& lists, SanityPlan* plan) {
  for (const std::string& list : lists) {
    for (const std::string& spec : MethodSpecs(list)) {
      const absl::StatusOr<v1::Method> method = ParseMethod(spec);
      if (!method.ok()) return method.status();
      plan->method_names.push_back(spec);
      plan->methods.push_back(*method);
    }
  }
  return plan->methods.empty() ? absl::InvalidArgumentError("--method: none is left to test") : absl::OkStatus();
}

absl::StatusOr<SanityPlan> MakePlan(const SanityCommand& command, std::istream& standard_input) {
  SanityPlan plan;
  plan.model_folder = command.model_folder;
  plan.seed = command.seed;
  if (const absl::Status set = SetMethods(command.methods, &plan); !set.ok()) return set;
  if (!command.target.empty()) {
    if (const absl::Status valid = CheckUtf8(command.target, "--target"); !valid.ok()) return valid;
    absl::StatusOr<v1::Target> target = ParseTarget(command.target);
    if (!target.ok()) return target.status();
    plan.target = *std::move(target);
  }
  absl::StatusOr<std::vector<StoredTensor>> tensors = ReadStoredTensors(plan.model_folder);
  if (!tensors.ok()) return tensors.status();
  plan.tensors = *std::move(tensors);
  absl::StatusOr<std::string> binary = FindServerBinary(command.server_binary);
  if (!binary.ok()) return binary.status();
  plan.server_binary = *std::move(binary);
  absl::StatusOr<std::vector<std::string>> texts = Texts(command.texts, standard_input);
  if (!texts.ok()) return texts.status();
  plan.texts = *std::move(texts);
  return plan;
}

}  // namespace

CLI::App* SanityCommand::AddTo(CLI::App* app) {
  CLI::App* command = app->add_subcommand("sanity", "Say which methods depend on what a model has learned");
  command->add_option("MODEL_FOLDER", model_folder, "Hugging Face folder with model.safetensors")
      ->required()
      ->type_name("");
  command->add_option("TEXT", texts, "Texts to explain; none: each line of standard input")->type_name("");
  command->add_option("--method", methods, "Comma list of methods; may be given again")
      ->allow_extra_args(false)
      ->take_all()
      ->default_str("all")
      ->type_name("");
  command->add_option("--target", target, "What is explained (default: predicted, or mean)")->type_name("TARGET");
  command->add_option("--seed", seed, "Of the shuffling")->capture_default_str()->type_name("N");
  command->add_option("--server-binary", server_binary, "limpid-server, if neither beside limpid nor on PATH")
      ->type_name("PATH");
  command->add_flag("--json", json, "The table as JSON");
  command->footer(kFooter);
  return command;
}

ExitCode SanityCommand::Run(const Streams& streams, const Terminal& terminal) const {
  const absl::StatusOr<SanityPlan> plan = MakePlan(*this, streams.in);
  if (!plan.ok()) return FailUsage(plan.status(), streams.err);
  constexpr char kClearLine[] = "\r\x1b[K";
  const auto progress = [&](const std::string& stage, size_t text) {
    if (!terminal.is_error_terminal) return;
    streams.err << kClearLine << stage << ": text " << text << " of " << plan->texts.size() << std::flush;
  };
  const absl::StatusOr<SanityResult> result = RunRandomizationTest(*plan, progress);
  if (terminal.is_error_terminal) streams.err << kClearLine << std::flush;
  if (!result.ok()) return Fail(result.status(), streams.err);
  streams.out << (json ? Dump(SanityJson(*result)) : SanityReport(*result));
  return kDone;
}

}  // namespace limpid::client
