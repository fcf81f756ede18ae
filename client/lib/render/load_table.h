#pragma once

#include <string>

#include "lib/load/report.h"

namespace limpid::client {

// What a load test says as it goes: the head of a table, and for each stage a row with what else is to be known of it
// in indented lines below.
std::string LoadTableHead();
std::string LoadTableRow(const MeasuredStage& stage);
// The last line; empty if no knee was looked for.
std::string KneeSentence(const LoadReport& report);

}  // namespace limpid::client
