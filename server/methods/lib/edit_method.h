#pragma once

#include <memory>

#include "explain/method.h"
#include "methods/lib/edit_search.h"

namespace limpid::methods {

// Searches for the fewest changes that turn the decision (edit_search.h).
std::unique_ptr<explain::Method> MakeEditMethod(EditOptions options);

}  // namespace limpid::methods
