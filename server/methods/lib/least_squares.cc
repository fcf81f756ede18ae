#include "methods/lib/least_squares.h"

#include <Eigen/Cholesky>
#include <Eigen/QR>
#include <algorithm>
#include <cmath>

namespace limpid::methods {
namespace {

constexpr Eigen::Index kBlock = 256;
// Directions in which the coalitions differ less than this, beside the others, are those of rounding.
constexpr double kRankThreshold = 1e-10;

struct NormalEquations {
  Eigen::MatrixXd matrix;  // [units, units], the lower half
  Eigen::VectorXd right;   // [units]
};

// Of the least squares whose i-th equation `set(i, row)` writes: the row, returning the right side. A block of them is
// in memory at a time.
template <typename SetEquation>
NormalEquations MakeNormalEquations(size_t num_equations, size_t num_units, const SetEquation& set) {
  const auto units = static_cast<Eigen::Index>(num_units), total = static_cast<Eigen::Index>(num_equations);
  NormalEquations normal{.matrix = Eigen::MatrixXd::Zero(units, units), .right = Eigen::VectorXd::Zero(units)};
  Eigen::MatrixXd block(units, kBlock);
  Eigen::VectorXd right(kBlock);
  for (Eigen::Index begin = 0; begin < total; begin += kBlock) {
    const Eigen::Index count = std::min(kBlock, total - begin);
    for (Eigen::Index i = 0; i < count; ++i) right[i] = set(static_cast<size_t>(begin + i), block.col(i));
    normal.matrix.selfadjointView<Eigen::Lower>().rankUpdate(block.leftCols(count));
    normal.right += block.leftCols(count) * right.head(count);
  }
  return normal;
}

Eigen::VectorXd AsVector(const Coalition& kept) {
  Eigen::VectorXd vector(static_cast<Eigen::Index>(kept.size()));
  std::copy(kept.begin(), kept.end(), vector.begin());
  return vector;
}

std::vector<double> AsStdVector(const Eigen::VectorXd& vector) { return {vector.begin(), vector.end()}; }

}  // namespace

std::vector<double> RidgeCoefficients(std::span<const Coalition> coalitions, std::span<const double> values,
                                      std::span<const double> weights, double ridge) {
  const size_t num_units = coalitions.front().size();
  if (num_units == 0) return {};
  Eigen::VectorXd centre = Eigen::VectorXd::Zero(static_cast<Eigen::Index>(num_units));
  double level = 0, total = 0;
  for (size_t i = 0; i < coalitions.size(); ++i) {
    centre += weights[i] * AsVector(coalitions[i]);
    level += weights[i] * values[i];
    total += weights[i];
  }
  centre /= total;
  level /= total;
  // Around the weighted means there is no intercept left.
  NormalEquations normal = MakeNormalEquations(coalitions.size(), num_units, [&](size_t i, auto row) {
    const double root = std::sqrt(weights[i]);
    row = root * (AsVector(coalitions[i]) - centre);
    return root * (values[i] - level);
  });
  normal.matrix.diagonal().array() += ridge;
  return AsStdVector(normal.matrix.llt().solve(normal.right));
}

std::vector<double> EfficientLeastSquares(std::span<const Coalition> coalitions, std::span<const double> values) {
  const size_t num_units = coalitions.front().size();
  if (num_units == 0) return {};
  const auto units = static_cast<double>(num_units);
  const double nothing = values[0], share = (values[1] - nothing) / units;
  // What is beyond an equal share sums to zero, so it is sought among such vectors only: there the indicator of a
  // coalition acts as itself less its mean. The solution of least size lies in their span, which keeps the sum exact.
  NormalEquations normal = MakeNormalEquations(coalitions.size(), num_units, [&](size_t i, auto row) {
    row = AsVector(coalitions[i]);
    const double size = row.sum();
    row.array() -= size / units;
    return values[i] - nothing - size * share;
  });
  const Eigen::MatrixXd matrix = normal.matrix.selfadjointView<Eigen::Lower>();
  Eigen::CompleteOrthogonalDecomposition<Eigen::MatrixXd> solver;
  solver.setThreshold(kRankThreshold);
  solver.compute(matrix);
  return AsStdVector((solver.solve(normal.right).array() + share).matrix());
}

}  // namespace limpid::methods
