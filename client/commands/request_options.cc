#include "commands/request_options.h"

#include "CLI/Config.hpp"
#include "CLI/Formatter.hpp"
#include "absl/strings/str_join.h"

namespace limpid::client {

void AddRequestOptions(CLI::App* command, ExplainOptions* options) {
  command->add_option("--model", options->model, "Name of a loaded model (default: the server's)")->type_name("NAME");
  command->add_option("--method", options->methods, "Comma list of methods, see below")
      ->allow_extra_args(false)
      ->take_all()
      ->default_str(absl::StrJoin(options->methods, ","))
      ->type_name("");
  command->add_option("--target", options->target, "What is explained, see below")->type_name("TARGET");
  command
      ->add_option("--position", options->position,
                   "Token whose scores are meant, from 0: of language models and of those that label tokens")
      ->type_name("TOKEN");
  command->add_option("--score", options->score, "Form of a class's score: logit, log_prob or prob")
      ->capture_default_str()
      ->type_name("");
  command->add_option("--attention", options->attention, "Maps wanted: all, none or LAYERS[:HEADS], e.g. -1 or 0-2:3,5")
      ->capture_default_str()
      ->type_name("");
  command->add_flag("--attention-mean", options->attention_mean, "One map a layer: the mean over its heads");
  command->add_option("--attention-encoding", options->attention_encoding, "fp32 or fp16")
      ->capture_default_str()
      ->type_name("");
  command->add_option("--attention-top-k", options->attention_top_k, "Of each row of a map only the N largest; 0: all")
      ->type_name("N");
  command->add_option("--granularity", options->granularity, "token, word, sentence or span: what gets a score")
      ->capture_default_str()
      ->type_name("");
  command->add_option("--span", options->spans, "For --granularity span: BEGIN-END in bytes; may be given again")
      ->allow_extra_args(false)
      ->take_all()
      ->type_name("");
  command->add_option("--aggregation", options->aggregation, "sum or sum_abs: how a unit's tokens become one score")
      ->capture_default_str()
      ->type_name("");
  command
      ->add_option("--normalization", options->normalization,
                   "none, l1, l2 or max_abs: what scaled scores are divided by")
      ->capture_default_str()
      ->type_name("");
  command->add_flag("--drop-special-tokens", options->drop_special_tokens, "No scores for [CLS] and the like");
  command
      ->add_option("--quality", options->quality,
                   "How far to trust each method: none, default, or METRIC[:METRIC]...[:OPTION=VALUE]...")
      ->capture_default_str()
      ->type_name("");
  command
      ->add_option("--truncation", options->input.truncation,
                   "If the text is too long: error, longest_first, only_first or only_second")
      ->capture_default_str()
      ->type_name("");
}

}  // namespace limpid::client
