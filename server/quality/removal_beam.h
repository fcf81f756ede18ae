#pragma once

#include <cstddef>
#include <map>
#include <set>
#include <vector>

namespace limpid::quality {

// Beam search over the orders in which all words can be taken out, for the one with the least or the greatest sum of
// what is seen on the way. With a beam as wide as there are sets of words it is exact.
class RemovalBeam {
 public:
  enum class Aim { kLeast, kGreatest };
  using Kept = std::vector<bool>;  // [words]

  RemovalBeam(size_t num_words, size_t width, Aim aim);

  // What is left after one word more: needed for the next step.
  void AddNext(std::set<Kept>* sets) const;

  // One word more, `seen` having a value for each of those sets. Between equal sums the sets decide.
  void Advance(const std::map<Kept, double>& seen);

  // Of the best way so far.
  double sum() const { return paths_.front().sum; }

 private:
  struct Path {
    Kept is_kept;
    double sum = 0;
  };

  bool IsBetter(double a, double b) const { return aim_ == Aim::kLeast ? a < b : a > b; }

  const size_t width_;
  const Aim aim_;
  std::vector<Path> paths_;  // of equal length, the best first
};

}  // namespace limpid::quality
