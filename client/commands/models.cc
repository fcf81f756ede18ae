#include "commands/models.h"

#include "CLI/Config.hpp"
#include "CLI/Formatter.hpp"
#include "lib/json.h"
#include "lib/render/models_report.h"
#include "lib/request/input.h"

namespace limpid::client {

CLI::App* ModelsCommand::AddTo(CLI::App* app) {
  CLI::App* command = app->add_subcommand("models", "List the server's models, or say all about one");
  command->add_option("NAME", name, "Name of a model")->type_name("");
  AddCommonOptions(command, &common);
  return command;
}

ExitCode ModelsCommand::Run(const Streams& streams, const Terminal& terminal) const {
  if (const absl::Status valid = CheckUtf8(name, "NAME"); !valid.ok()) return FailUsage(valid, streams.err);
  const absl::StatusOr<ExplainClient> client = MakeClient(common);
  if (!client.ok()) return FailUsage(client.status(), streams.err);
  const Palette palette(ChooseColorMode(common.color, terminal));
  if (name.empty()) {
    const absl::StatusOr<v1::ListModelsResponse> models = client->ListModels();
    if (!models.ok()) return Fail(models.status(), streams.err);
    streams.out << (common.json ? Dump(ToJson(*models)) : ModelsTable(*models, palette));
    return kDone;
  }
  const absl::StatusOr<v1::Model> model = client->GetModel(name);
  if (!model.ok()) return Fail(model.status(), streams.err);
  streams.out << (common.json ? Dump(ToJson(*model)) : ModelReport(*model, palette));
  return kDone;
}

}  // namespace limpid::client
