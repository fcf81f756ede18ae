#include "commands/exit_codes.h"

#include "commands/common.h"

namespace limpid::client {

const std::vector<std::pair<int, std::string>>& ExitCodes() {
  static const auto& codes =
      *new std::vector<std::pair<int, std::string>>{{kDone, "done"},
                                                    {kUsage, "command line not understood"},
                                                    {kNoServer, "no server answers (or not in time, or it is full)"},
                                                    {kRefused, "the server refused the request"},
                                                    {kOtherFailure, "anything else"},
                                                    {kSomeFailed, "of many texts some failed"},
                                                    {kSloMissed, "a load test's condition does not hold"}};
  return codes;
}

}  // namespace limpid::client
