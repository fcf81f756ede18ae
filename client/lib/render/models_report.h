#pragma once

#include <string>

#include "lib/render/palette.h"
#include "limpid/v1/explain.pb.h"

namespace limpid::client {

// A table, a line a model.
std::string ModelsTable(const v1::ListModelsResponse& models, const Palette& palette);

// All that is known of one model.
std::string ModelReport(const v1::Model& model, const Palette& palette);

}  // namespace limpid::client
