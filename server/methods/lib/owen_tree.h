#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "methods/lib/game.h"

namespace limpid::methods {

// A balanced binary tree over the units of a game, whose left halves have floor(n / 2) of n units, and what its groups
// are worth: a group's worth is shared by its halves as a Shapley value of two players, in each context, which is the
// units outside that are kept (Owen 1977 for one level, Winter 1989 for more). Groups are divided as they are asked
// for, the weightiest first; a group that is not divided shares its worth equally. At every group the shares sum to its
// worth.
class OwenTree {
 public:
  // Rows that dividing all groups takes.
  static size_t NumRows(size_t num_units);

  // `everything` and `nothing` are v of all units and of none. At least one unit.
  OwenTree(size_t num_units, double nothing, double everything);

  // The coalitions for dividing the weightiest groups, at most `most` rows of them, in pairs of left and right half;
  // none if nothing is left to divide. To be divided before the next are asked for.
  std::vector<Coalition> Next(size_t most);
  void Divide(const Game& game);

  // All groups are divided.
  bool IsWhole() const { return groups_.empty(); }
  // [units]
  std::vector<double> Scores() const;

 private:
  // Units [begin, end) in one context.
  struct Group {
    size_t begin, end;
    Coalition context;
    double without, with;  // v of the context, and with all units of the group
    double weight;
    size_t number;  // in the order in which they came up

    double worth() const { return weight * (with - without); }
  };
  static bool IsLighter(const Group& a, const Group& b);
  static Coalition With(Coalition context, size_t begin, size_t end);

  void Add(Group group);

  std::vector<Group> groups_;  // of more than one unit, not divided: a heap
  std::vector<Group> dividing_;
  std::vector<double> scores_;  // of groups of one unit
  size_t num_groups_ = 0;
};

}  // namespace limpid::methods
