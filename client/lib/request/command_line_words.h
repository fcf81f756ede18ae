#pragma once

#include <string>

#include "lib/request/explain_options.h"
#include "limpid/v1/explain.pb.h"

namespace limpid::client {

// `limpid explain` with what was typed, the text itself in place of "-": a line for a POSIX shell that asks the same
// again, of the model that answered: another may be the default then. `request` is what was made of `options`. Server
// and credentials are not in it.
std::string CommandLineWords(const ExplainOptions& options, const v1::ExplainRequest& request,
                             const v1::ModelIdentity& model);

}  // namespace limpid::client
