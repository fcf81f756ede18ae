#include "commands/text_options.h"

#include "CLI/Config.hpp"
#include "CLI/Formatter.hpp"
#include "lib/render/visible_text.h"

namespace limpid::client {

void AddTextOptions(CLI::App* command, std::string* format, TextColumns* columns) {
  command->add_option("--format", *format, "csv or jsonl; auto: by the ending of the file's name")
      ->capture_default_str()
      ->type_name("");
  command->add_option("--text-column", columns->text, "Column (or key) of the text (default: text)")->type_name("NAME");
  command->add_option("--pair-column", columns->pair, "Of the second text (default: text_pair, if there is one)")
      ->type_name("NAME");
  command->add_option("--id-column", columns->id, "Of an id (default: id, if there is one)")->type_name("NAME");
}

void AddRunOptions(CLI::App* command, size_t* concurrency, double* retry_seconds) {
  command->add_option("--concurrency", *concurrency, "Texts of the file under way at the same time")
      ->check(CLI::Range(size_t{1}, size_t{100}).description(""))
      ->capture_default_str()
      ->type_name("");
  command
      ->add_option("--retry-seconds", *retry_seconds,
                   "How long a text of the file waits for a server that has no room or is not there")
      ->check(CLI::Range(0.0, 1e6).description(""))
      ->capture_default_str()
      ->type_name("");
}

ExitCode SomeFailed(const TextRunResult& run, std::ostream& err) {
  if (run.counts.failed == 0) return kDone;
  err << "limpid: the first failure: " << VisibleLines(std::string(run.first_failure.message())) << "\n";
  return kSomeFailed;
}

}  // namespace limpid::client
