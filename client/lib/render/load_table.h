#pragma once

#include <string>

#include "lib/load/report.h"

namespace limpid::client {

// What a load test says as it goes: the head of a table, and for each stage a row with what else is to be known of it
// in indented lines below.
std::string LoadTableHead();
std::string LoadTableRow(const MeasuredStage& stage);
// The last line: that it was interrupted, or the knee; empty if none was looked for.
std::string LastWords(const LoadReport& report);

}  // namespace limpid::client
