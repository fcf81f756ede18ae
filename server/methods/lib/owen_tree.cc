#include "methods/lib/owen_tree.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace limpid::methods {
namespace {

size_t Middle(size_t begin, size_t end) { return begin + (end - begin) / 2; }

// Of a group of so many units, in `contexts` contexts; each half is then in twice as many.
size_t RowsToDivide(size_t num_units, size_t contexts) {
  if (num_units <= 1) return 0;
  const size_t left = num_units / 2;
  return 2 * contexts + RowsToDivide(left, 2 * contexts) + RowsToDivide(num_units - left, 2 * contexts);
}

}  // namespace

size_t OwenTree::NumRows(size_t num_units) { return RowsToDivide(num_units, 1); }

OwenTree::OwenTree(size_t num_units, double nothing, double everything) : scores_(num_units, 0) {
  Add({.begin = 0,
       .end = num_units,
       .context = Coalition(num_units, false),
       .without = nothing,
       .with = everything,
       .weight = 1,
       .number = 0});
}

std::vector<Coalition> OwenTree::Next(size_t most) {
  std::vector<Coalition> coalitions;
  while (!groups_.empty() && coalitions.size() + 2 <= most) {
    std::pop_heap(groups_.begin(), groups_.end(), IsLighter);
    Group& group = dividing_.emplace_back(std::move(groups_.back()));
    groups_.pop_back();
    const size_t middle = Middle(group.begin, group.end);
    coalitions.push_back(With(group.context, group.begin, middle));
    coalitions.push_back(With(group.context, middle, group.end));
  }
  return coalitions;
}

void OwenTree::Divide(const Game& game) {
  for (Group& group : std::exchange(dividing_, {})) {
    const size_t middle = Middle(group.begin, group.end);
    Coalition with_left = With(group.context, group.begin, middle), with_right = With(group.context, middle, group.end);
    const double left = game.Value(with_left), right = game.Value(with_right);
    const auto add = [&](size_t begin, size_t end, Coalition context, double without, double with) {
      Add({.begin = begin,
           .end = end,
           .context = std::move(context),
           .without = without,
           .with = with,
           .weight = group.weight / 2,
           .number = 0});
    };
    add(group.begin, middle, group.context, group.without, left);
    add(group.begin, middle, std::move(with_right), right, group.with);
    add(middle, group.end, std::move(group.context), group.without, right);
    add(middle, group.end, std::move(with_left), left, group.with);
  }
}

std::vector<double> OwenTree::Scores() const {
  std::vector<double> scores = scores_;
  for (const Group& group : groups_) {
    for (size_t i = group.begin; i < group.end; ++i) {
      scores[i] += group.worth() / static_cast<double>(group.end - group.begin);
    }
  }
  return scores;
}

bool OwenTree::IsLighter(const Group& a, const Group& b) {
  // Of equals the older is first, so that the order is one.
  return std::pair(std::abs(a.worth()), b.number) < std::pair(std::abs(b.worth()), a.number);
}

Coalition OwenTree::With(Coalition context, size_t begin, size_t end) {
  for (size_t i = begin; i < end; ++i) context[i] = true;
  return context;
}

void OwenTree::Add(Group group) {
  group.number = num_groups_++;
  if (group.end - group.begin == 1) {
    scores_[group.begin] += group.worth();
    return;
  }
  groups_.push_back(std::move(group));
  std::push_heap(groups_.begin(), groups_.end(), IsLighter);
}

}  // namespace limpid::methods
