#include "commands/predict.h"

#include "CLI/Config.hpp"
#include "CLI/Formatter.hpp"
#include "lib/json.h"
#include "lib/render/prediction_report.h"

namespace limpid::client {

CLI::App* PredictCommand::AddTo(CLI::App* app) {
  CLI::App* command = app->add_subcommand("predict", "Say what the model predicts for a text");
  command->add_option("TEXT", input.text, "What the model shall read; - reads standard input (UTF-8)")
      ->required()
      ->type_name("");
  command->add_option("--pair", input.pair, "Second text, for models of text pairs")->type_name("TEXT");
  command->add_option("--model", model, "Name of a loaded model (default: the server's)")->type_name("NAME");
  command
      ->add_option("--truncation", input.truncation,
                   "If the text is too long: error, longest_first, only_first or only_second")
      ->capture_default_str()
      ->type_name("");
  AddCommonOptions(command, &common);
  command->footer("A TEXT that begins with \"-\" goes after \"--\".");
  return command;
}

ExitCode PredictCommand::Run(const Streams& streams, const Terminal& terminal) const {
  absl::StatusOr<v1::Input> text = MakeInput(input, streams.in);
  if (!text.ok()) return FailUsage(text.status(), streams.err);
  if (const absl::Status valid = CheckUtf8(model, "--model"); !valid.ok()) return FailUsage(valid, streams.err);
  v1::PredictRequest request;
  request.set_model(model);
  *request.mutable_input() = *std::move(text);
  const absl::StatusOr<ExplainClient> client = MakeClient(common);
  if (!client.ok()) return FailUsage(client.status(), streams.err);
  const absl::StatusOr<v1::PredictResponse> response = client->Predict(request);
  if (!response.ok()) return Fail(response.status(), streams.err);

  if (common.json) {
    streams.out << Dump(ToJson(*response));
  } else {
    const Palette palette(ChooseColorMode(common.color, terminal));
    const SentTexts texts = {request.input().text(), request.input().text_pair()};
    streams.out << PredictionReport(texts, response->prediction(), palette)
                << SummaryReport(response->summary(), palette);
  }
  return kDone;
}

}  // namespace limpid::client
