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

// The same in a variable u of which alpha is a smooth function with alpha(0) = 0 and alpha(1) = 1, so that as well
// every other node is one of half the intervals. Clenshaw and Curtis's own nodes crowd at both ends, where the path
// from "no information" to a text is dull: F turns between 0.1 and 0.6. Here they are first spread evenly (Kosloff &
// Tal-Ezer 1993), then drawn to alpha = 0.3 as if the function had a pole pair at 0.3 +- 0.25 i (Tee & Trefethen 2006).
// Measured on MiniLM over 24 texts of 7 to 128 tokens (mean output, PAD): the error of 16 intervals falls from 5e-2 to
// 9e-3, that of 24 from 9e-3 to 2e-3. The weights are scaled to sum to 1.
Quadrature PathQuadrature(size_t intervals);

}  // namespace limpid::methods
