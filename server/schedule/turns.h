#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <utility>

namespace limpid::schedule {

// Round robin by tokens with debts (surplus round robin, Adiseshu et al. 1996, on deficit round robin, Shreedhar &
// Varghese 1995): whoever's turn it is may begin a row if he has credit, and pays for it afterwards, if need be with a
// debt that later turns pay off. So each gets the same number of tokens over time, whatever the lengths of his rows; a
// newcomer comes last, and with his first turn gets a first row. Who is alone runs up no debt.
//
// `Child` has empty(). Not thread-safe.
template <typename Child>
class Turns {
 public:
  // What a turn pays off: of the order of a short text.
  static constexpr int64_t kQuantum = 32;

  void Add(Child child) { slots_.push_back({std::move(child), 1}); }

  // The one that matches; if there is none, a newcomer that `make` makes.
  template <typename Matches, typename Make>
  Child& FindOrAdd(const Matches& matches, const Make& make) {
    auto found = std::find_if(slots_.begin(), slots_.end(), [&](const Slot& slot) { return matches(slot.child); });
    if (found == slots_.end()) found = slots_.insert(found, {make(), 1});
    return found->child;
  }

  // The one whose row is next. Requires !empty().
  Child& Next() {
    while (slots_.front().credit <= 0) {
      Slot& first = slots_.front();
      first.credit = slots_.size() == 1 ? 1 : first.credit + kQuantum;
      std::rotate(slots_.begin(), slots_.begin() + 1, slots_.end());
    }
    return slots_.front().child;
  }
  // After a row of Next() was taken. He leaves if it was his last.
  void Spend(size_t tokens) {
    slots_.front().credit -= static_cast<int64_t>(tokens);
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
    int64_t credit;
  };
  std::deque<Slot> slots_;
};

}  // namespace limpid::schedule
