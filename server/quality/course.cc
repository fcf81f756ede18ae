#include "quality/course.h"

namespace limpid::quality {
namespace {

std::vector<Order> OrdersOf(const Subject& subject) {
  std::vector<Order> orders = {Ranking(subject.word_scores)};
  orders.insert(orders.end(), subject.random_orders.begin(), subject.random_orders.end());
  return orders;
}

}  // namespace

std::vector<engine::Row> RowsOf(const Subject& subject, const Cuts& cuts) {
  std::vector<engine::Row> rows;
  const engine::Prediction& whole = subject.base.prediction;
  for (const Order& order : OrdersOf(subject)) {
    for (size_t count : cuts.without) rows.push_back(subject.words.Only(AllButFirstOf(order, count), whole));
    for (size_t count : cuts.only) {
      // All of them are the text itself, which has run.
      if (count < order.size()) rows.push_back(subject.words.Only(FirstOf(order, count), whole));
    }
  }
  return rows;
}

std::vector<Course> CoursesOf(const Subject& subject, const Cuts& cuts, std::span<const engine::RowResult> rows) {
  const double whole = ChanceOf(subject.input(), subject.base.prediction);
  std::vector<Course> courses(1 + subject.random_orders.size());
  auto row = rows.begin();
  const auto next = [&] { return ChanceOf(subject.input(), (row++)->prediction); };
  for (Course& course : courses) {
    course.num_words = subject.words.size();
    course.whole = whole;
    for (size_t count : cuts.without) course.without[count] = next();
    for (size_t count : cuts.only) course.only[count] = count < course.num_words ? next() : whole;
  }
  return courses;
}

uint32_t CountRows(const Cuts& cuts, size_t num_words, uint32_t random_orders) {
  // The text without any word is the same for all orders, and the whole text has run.
  const size_t nothing = cuts.without.count(num_words);
  const size_t an_order = cuts.without.size() - nothing + cuts.only.size() - cuts.only.count(num_words);
  return static_cast<uint32_t>(an_order * (1 + random_orders) + nothing);
}

}  // namespace limpid::quality
