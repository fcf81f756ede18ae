#pragma once

#include <cstddef>
#include <span>
#include <unordered_map>
#include <vector>

#include "engine/row.h"

namespace limpid::explain {

// The rows of one request, so that those which are equal run once: a row that wants nothing but the prediction may have
// been asked for before, by another method or by a measurement.
class SharedRows {
 public:
  // The number under which its result will be found.
  size_t Ask(engine::Row row);

  // Those asked for and not taken yet, to be run; their results go to Give, in the same order.
  std::vector<engine::Row> TakeRows();
  void Give(std::span<engine::RowResult> results);

  // Rows that run, or ran, or will.
  size_t size() const { return places_.size(); }

  // Whether the row was run.
  bool Has(size_t number) const { return places_[number].has_run; }

  // Of a row that was run. A result that only one may have asked for is moved out.
  engine::RowResult ResultOf(size_t number);

 private:
  struct Place {
    engine::RowResult result;
    bool is_shared = false;
    bool has_run = false;
  };
  std::vector<Place> places_;
  std::vector<size_t> running_;      // the numbers of those taken last
  std::vector<engine::Row> to_run_;  // of the numbers in waiting_
  std::vector<size_t> waiting_;
  struct Known {
    engine::Row row;
    size_t number;
  };
  std::unordered_multimap<size_t, Known> known_;  // by hash
};

}  // namespace limpid::explain
