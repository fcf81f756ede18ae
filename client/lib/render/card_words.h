#pragma once

#include <string>

#include "limpid/v1/explain.pb.h"

namespace limpid::client {

// What an attribution's numbers are, from its card in words, visible: "at the word embedding, L2 norm, baseline PAD, 33
// nodes, 32 passes, signed". Needs no knowledge of the method, so that one this client has not heard of is described as
// well.
std::string CardWords(const v1::Attribution& attribution, const v1::Prediction& prediction);

}  // namespace limpid::client
