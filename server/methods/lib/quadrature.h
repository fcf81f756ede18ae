#pragma once

#include <cstddef>
#include <vector>

namespace limpid::methods {

// Where an integral over [0, 1] looks at its function, and what each value counts.
struct Quadrature {
  std::vector<double> nodes;  // ascending
  std::vector<double> weights;
};

// Exact for polynomials of degree 2 * count - 1; count >= 1. Neither end is a node.
Quadrature GaussLegendre(size_t count);

// Intervals + 1 nodes alpha_k = (1 - cos(k pi / intervals)) / 2, both ends among them; `intervals` is even. The nodes
// of half the intervals are every other node (Clenshaw & Curtis 1960).
Quadrature ClenshawCurtis(size_t intervals);

}  // namespace limpid::methods
