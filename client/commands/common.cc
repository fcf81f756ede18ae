#include "commands/common.h"

#include "CLI/Config.hpp"
#include "CLI/Formatter.hpp"
#include "absl/time/time.h"
#include "lib/render/visible_text.h"

namespace limpid::client {
namespace {

// An hour; gRPC's clock has no room for much more than a lifetime.
constexpr double kMaxTimeoutSeconds = 3600;

// Where the descriptions of options begin in --help.
constexpr size_t kHelpColumns = 34;

ExitCode CodeOf(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kUnavailable:
    case absl::StatusCode::kDeadlineExceeded:
    case absl::StatusCode::kResourceExhausted:
      return kNoServer;
    case absl::StatusCode::kInvalidArgument:
    case absl::StatusCode::kNotFound:
      return kRefused;
    default:
      return kOtherFailure;
  }
}

}  // namespace

void AddCommonOptions(CLI::App* command, CommonOptions* options) {
  command->get_formatter()->column_width(kHelpColumns);
  command->add_option("--server", options->server, "HOST:PORT of the server")
      ->envname("LIMPID_SERVER")
      ->capture_default_str()
      ->type_name("");
  command->add_option("--timeout", options->timeout_seconds, "Seconds to wait for the answer")
      ->check(CLI::Range(0.001, kMaxTimeoutSeconds).description(""))
      ->capture_default_str()
      ->type_name("");
  command->add_flag("--json", options->json, "The whole answer as JSON");
  command->add_option("--color", options->color, "auto, always or never; auto respects NO_COLOR")
      ->check(CLI::IsMember({"auto", "always", "never"}).description(""))
      ->capture_default_str()
      ->type_name("");
}

ExplainClient MakeClient(const CommonOptions& options) {
  return ExplainClient(MakeChannel(options.server), options.server, absl::Seconds(options.timeout_seconds));
}

ExitCode Fail(const absl::Status& status, std::ostream& err) {
  // Codes that say more than the message does: whose fault it is.
  const bool is_servers = CodeOf(status) == kOtherFailure && !absl::IsUnknown(status);
  err << "limpid: " << (is_servers ? absl::StatusCodeToString(status.code()) + ": " : "")
      << VisibleLines(std::string(status.message())) << "\n";
  return CodeOf(status);
}

ExitCode FailUsage(const absl::Status& status, std::ostream& err) {
  err << "limpid: " << VisibleLines(std::string(status.message())) << "\n";
  return kUsage;
}

}  // namespace limpid::client
