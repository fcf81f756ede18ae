#pragma once

#include <string_view>

namespace limpid::client {

// The files of client/report/, each page with its styles and scripts inside; made when limpid is built.
extern const std::string_view kReportPage, kDecisionRecordPage, kBenchPage, kEvaluationPage;

}  // namespace limpid::client
