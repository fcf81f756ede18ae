#pragma once

#include <algorithm>
#include <cstddef>
#include <deque>
#include <functional>
#include <utility>

namespace limpid::schedule {

// Deficit round robin (Shreedhar & Varghese 1995): whoever's turn it is spends what he has saved; when his next row costs
// more than that, he saves another quantum and the turn passes on. So each gets the same number of tokens over time,
// whatever the lengths of his rows. A newcomer comes last, with one quantum.
//
// `Child` has next_cost(), the tokens of its next row, and empty(). Not thread-safe.
template <typename Child>
class Turns {
 public:
  // Of the order of a short text: small enough to alternate, large enough that a long row does not take many rounds.
  static constexpr size_t kQuantum = 32;

  void Add(Child child) { slots_.push_back({std::move(child), kQuantum}); }

  // Null if there is none.
  Child* Find(const std::function<bool(const Child&)>& matches) {
    const auto found = std::find_if(slots_.begin(), slots_.end(), [&](const Slot& slot) { return matches(slot.child); });
    return found == slots_.end() ? nullptr : &found->child;
  }

  // The one whose row is next. Requires !empty().
  Child& Next() {
    while (true) {
      Slot& first = slots_.front();
      const size_t cost = first.child.next_cost();
      if (slots_.size() == 1) first.credit = std::max(first.credit, cost);
      if (first.credit >= cost) return first.child;
      first.credit += kQuantum;
      std::rotate(slots_.begin(), slots_.begin() + 1, slots_.end());
    }
  }
  // After a row of Next() was taken. He leaves if it was his last.
  void Spend(size_t cost) {
    slots_.front().credit -= cost;
    if (slots_.front().child.empty()) slots_.pop_front();
  }

  // Lets `visit` change every child; those that are empty afterwards leave.
  void ForEach(const std::function<void(Child&)>& visit) {
    for (Slot& slot : slots_) visit(slot.child);
    std::erase_if(slots_, [](const Slot& slot) { return slot.child.empty(); });
  }

  bool empty() const { return slots_.empty(); }

 private:
  struct Slot {
    Child child;
    size_t credit;
  };
  std::deque<Slot> slots_;
};

}  // namespace limpid::schedule
