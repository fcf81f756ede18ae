#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "commands/common.h"
#include "lib/request/explain_options.h"
#include "lib/texts/text_source.h"

namespace limpid::client {

// `limpid attack`: the edits that change a decision, of one text or counted over a file of texts.
struct AttackCommand {
  ExplainOptions request;
  std::optional<uint32_t> max_edits, max_passes, beam_width, candidates;
  bool words_only = false;
  std::string input_path;  // empty: one text
  std::string format = "auto";
  TextColumns columns;
  size_t concurrency = 8;
  double retry_seconds = 300;
  CommonOptions common;

  // Adds the subcommand to `app`; parsing fills this object, which must stay where it is.
  CLI::App* AddTo(CLI::App* app);
  // kDone whether a decision could be changed or not; kSomeFailed if texts of a file failed.
  ExitCode Run(const Streams& streams, const Terminal& terminal) const;

 private:
  absl::StatusOr<v1::ExplainRequest> MakeRequest(std::istream& standard_input) const;
  ExitCode AttackOne(const v1::ExplainRequest& attack, const Streams& streams, const Terminal& terminal) const;
  ExitCode AttackFile(v1::ExplainRequest attack, const Streams& streams, const Terminal& terminal) const;
};

}  // namespace limpid::client
