#pragma once

#include <string>
#include <utility>
#include <vector>

namespace limpid::client {

// What --help and the manual page say of every ExitCode.
const std::vector<std::pair<int, std::string>>& ExitCodes();

}  // namespace limpid::client
