#pragma once

#include <span>
#include <vector>

#include "methods/lib/game.h"

// Games made linear: one number a unit, from the values of some coalitions. In double; at most a few hundred units, or
// none.
namespace limpid::methods {

// [units] coefficients a of the least sum_S w(S) (v(S) - b - sum of a over S)^2 + ridge * |a|^2 over a and b. `weights`
// are not all zero, and ridge is above zero.
std::vector<double> RidgeCoefficients(std::span<const Coalition> coalitions, std::span<const double> values,
                                      std::span<const double> weights, double ridge);

// [units] numbers a of the least sum_S (v(S) - v(nothing) - sum of a over S)^2 among those whose sum is v(everything) -
// v(nothing); of several such, the one closest to equal shares. The first two coalitions are nothing and everything.
std::vector<double> EfficientLeastSquares(std::span<const Coalition> coalitions, std::span<const double> values);

}  // namespace limpid::methods
