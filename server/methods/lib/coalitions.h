#pragma once

#include <cstdint>
#include <vector>

#include "methods/lib/game.h"

// The coalitions that methods look at. Those that are drawn depend on the number of units, the seed and their own place
// in the list, and on nothing else; all random numbers are base::Random's, and a set of k units is the first k of 0 ..
// units - 1 after the exchanges i <-> i + Below(units - i) for i = 0 .. k - 1.
namespace limpid::methods {

// All of them, in the order of the numbers whose bit i says whether unit i is kept. `num_units` below 32.
std::vector<Coalition> EveryCoalition(size_t num_units);

// As LIME draws them (Ribeiro et al. 2016): the first keeps all units; from the k-th, with stream k, 1 + Below(units)
// units are taken out.
std::vector<Coalition> LimeCoalitions(size_t num_units, uint32_t samples, uint64_t seed);

// Nothing, everything, and then as the Shapley kernel weighs them, in pairs of a coalition and its complement (Covert &
// Lee 2021): the k-th pair, with stream k, has first a set of a size s in [1, units) that has probability proportional
// to 1 / (s (units - s)), which is the first size whose share and those before it exceed Uniform(). At least two units.
std::vector<Coalition> ShapleyCoalitions(size_t num_units, uint32_t samples, uint64_t seed);

}  // namespace limpid::methods
