#include "commands/doctor.h"

#include "CLI/Config.hpp"
#include "CLI/Formatter.hpp"
#include "lib/diagnosis.h"
#include "lib/json.h"
#include "lib/render/diagnosis_report.h"

namespace limpid::client {

CLI::App* DoctorCommand::AddTo(CLI::App* app) {
  CLI::App* command = app->add_subcommand("doctor", "Say whether all is well with the server, and what it is");
  AddCommonOptions(command, &common);
  command->footer(
      "It asks for health and models, and explains a short text with each model. Exit code 0: all is well.");
  return command;
}

ExitCode DoctorCommand::Run(const Streams& streams, const Terminal& terminal) const {
  const absl::StatusOr<ExplainClient> client = MakeClient(common);
  if (!client.ok()) return FailUsage(client.status(), streams.err);
  const Diagnosis diagnosis = Diagnose(*client);
  if (!diagnosis.reached.ok()) return Fail(diagnosis.reached, streams.err);
  if (common.json) {
    streams.out << Dump(DiagnosisJson(diagnosis, common.server));
  } else {
    streams.out << DiagnosisReport(diagnosis, common.server, Palette(ChooseColorMode(common.color, terminal)));
  }
  return diagnosis.is_well() ? kDone : kOtherFailure;
}

}  // namespace limpid::client
