#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "engine/row.h"

namespace limpid::explain {

// The largest keys of each query row of some attention maps.
struct TopKeys {
  engine::HostTensor values;                               // [heads, T, k], descending in each row
  std::shared_ptr<const std::vector<uint16_t>> positions;  // of the values' keys, of the same shape
};

// Of `heads` among `maps` [model heads, T, T], which are probabilities; 1 <= k <= T <= 65536. Of equal keys the lower
// one comes first.
TopKeys FindTopKeys(const engine::HostTensor& maps, std::span<const int32_t> heads, size_t k);

}  // namespace limpid::explain
