#include "methods/lib/coalitions.h"

#include <numeric>
#include <utility>

#include "base/random.h"

namespace limpid::methods {
namespace {

using base::Random;

// [num_units]: true for `size` of them.
Coalition RandomSet(size_t num_units, size_t size, Random* random) {
  std::vector<size_t> order(num_units);
  std::iota(order.begin(), order.end(), size_t{0});
  Coalition set(num_units, false);
  for (size_t i = 0; i < size; ++i) {
    std::swap(order[i], order[i + random->Below(num_units - i)]);
    set[order[i]] = true;
  }
  return set;
}

Coalition Complement(Coalition set) {
  set.flip();
  return set;
}

// Of the coalitions with `size` units, but for a factor.
double ShapleyWeight(size_t size, size_t num_units) { return 1 / static_cast<double>(size * (num_units - size)); }

size_t RandomSize(size_t num_units, double total, Random* random) {
  double left = random->Uniform() * total;
  size_t size = 1;
  for (; size + 1 < num_units; ++size) {
    left -= ShapleyWeight(size, num_units);
    if (left < 0) break;
  }
  return size;
}

}  // namespace

std::vector<Coalition> EveryCoalition(size_t num_units) {
  std::vector<Coalition> coalitions;
  for (uint32_t bits = 0; bits < uint32_t{1} << num_units; ++bits) {
    Coalition& kept = coalitions.emplace_back(num_units);
    for (size_t i = 0; i < num_units; ++i) kept[i] = (bits >> i & 1) != 0;
  }
  return coalitions;
}

std::vector<Coalition> LimeCoalitions(size_t num_units, uint32_t samples, uint64_t seed) {
  std::vector<Coalition> coalitions = {Coalition(num_units, true)};
  while (num_units > 0 && coalitions.size() < samples) {
    Random random(seed, coalitions.size());
    const size_t num_removed = 1 + random.Below(num_units);
    coalitions.push_back(Complement(RandomSet(num_units, num_removed, &random)));
  }
  return coalitions;
}

std::vector<Coalition> ShapleyCoalitions(size_t num_units, uint32_t samples, uint64_t seed) {
  double total = 0;
  for (size_t size = 1; size < num_units; ++size) total += ShapleyWeight(size, num_units);
  std::vector<Coalition> coalitions = {Coalition(num_units, false), Coalition(num_units, true)};
  for (uint64_t pair = 0; coalitions.size() < samples; ++pair) {
    Random random(seed, pair);
    const size_t size = RandomSize(num_units, total, &random);
    coalitions.push_back(RandomSet(num_units, size, &random));
    if (coalitions.size() < samples) coalitions.push_back(Complement(coalitions.back()));
  }
  return coalitions;
}

}  // namespace limpid::methods
