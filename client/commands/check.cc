#include "commands/check.h"

#include "CLI/Config.hpp"
#include "CLI/Formatter.hpp"
#include "absl/strings/str_format.h"
#include "lib/json.h"
#include "lib/model_check.h"
#include "lib/render/models_report.h"
#include "lib/render/visible_text.h"
#include "lib/sanity/private_server.h"

namespace limpid::client {
namespace {

constexpr char kFooter[] =
    R"(It starts a limpid-server of its own with the folder, says what the model is, and tries it: the tuned passes against
the reference ones, an answer, the same answer twice, gradients that add up. A folder that cannot be loaded is refused
with the reason: the file, the field or tensor, what is supported instead.
LIMPID_DEVICE and LIMPID_THREADS say where the server computes.

Exit code 0: all passed, 4: the folder does not load, 5: something failed.)";

Json ToJson(const ModelCheck& check) {
  Json items = Json::array();
  for (const CheckItem& item : check.items) {
    items.push_back({{"what", item.what}, {"passed", item.passed}, {"found", item.found}});
  }
  return {{"model", client::ToJson(check.model)}, {"checks", items}, {"passed", check.passed()}};
}

}  // namespace

CLI::App* CheckCommand::AddTo(CLI::App* app) {
  CLI::App* command = app->add_subcommand("check", "Say what a model folder is, whether it runs, and try it");
  command->add_option("MODEL_FOLDER", model_folder, "Hugging Face folder, or models--org--name of its cache")
      ->required()
      ->type_name("");
  command->add_option("--server-binary", server_binary, "limpid-server, if neither beside limpid nor on PATH")
      ->type_name("PATH");
  command->add_flag("--json", json, "The same as JSON");
  command->footer(kFooter);
  return command;
}

ExitCode CheckCommand::Run(const Streams& streams, const Terminal& terminal) const {
  const absl::StatusOr<std::string> binary = FindServerBinary(server_binary);
  if (!binary.ok()) return FailUsage(binary.status(), streams.err);
  const absl::StatusOr<ModelCheck> check = CheckModel(*binary, model_folder);
  if (!check.ok()) {
    Fail(check.status(), streams.err);
    return kRefused;
  }
  if (json) {
    streams.out << Dump(ToJson(*check));
    return check->passed() ? kDone : kOtherFailure;
  }
  const Palette palette(ChooseColorMode("auto", terminal));
  streams.out << ModelReport(check->model, palette) << "\n";
  for (const CheckItem& item : check->items) {
    streams.out << absl::StrFormat("%-6s %-26s %s\n", item.passed ? "ok" : "FAILED", item.what,
                                   palette.Dim(VisibleText(item.found)));
  }
  return check->passed() ? kDone : kOtherFailure;
}

}  // namespace limpid::client
