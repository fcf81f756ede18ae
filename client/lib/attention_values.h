#pragma once

#include <cstddef>
#include <cstdint>

#include "lib/gather.h"

namespace limpid::client {

// Value `index` of `maps.data`, whatever its encoding.
float AttentionValue(const AttentionMaps& maps, size_t index);

// The token that value `index` looks at; only where `maps` has key positions.
uint16_t KeyPosition(const AttentionMaps& maps, size_t index);

}  // namespace limpid::client
