#include "base/reason.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace limpid::base {
namespace {

using ::testing::ElementsAre;
using ::testing::Field;

TEST(Reason, RidesInTheStatusAndSurvivesAnnotation) {
  absl::Status status = WithReason(absl::ResourceExhaustedError("full"), Reason::kOverloaded);
  status = WithRetryAfter(WithDetail(WithDetail(status, "limit", "10"), "actual", "11"), absl::Milliseconds(250));

  const absl::Status annotated = Annotate(status, "row 3: ");

  EXPECT_EQ(annotated.message(), "row 3: full");
  EXPECT_EQ(ReasonOf(annotated), Reason::kOverloaded);
  EXPECT_EQ(RetryAfterOf(annotated), absl::Milliseconds(250));
  EXPECT_THAT(DetailsOf(annotated), ElementsAre(Field(&Detail::key, "actual"), Field(&Detail::key, "limit")));
}

TEST(Reason, IsAbsentWhereNoneWasGiven) {
  const absl::Status status = absl::InternalError("defect");

  EXPECT_EQ(ReasonOf(status), std::nullopt);
  EXPECT_EQ(RetryAfterOf(status), std::nullopt);
  EXPECT_TRUE(DetailsOf(status).empty());
}

TEST(Reason, EachHasItsOwnNameAndComesBackFromIt) {
  std::set<std::string_view> names;
  for (Reason reason : AllReasons()) {
    names.insert(ReasonName(reason));
    EXPECT_EQ(ReasonOf(WithReason(absl::UnknownError(""), reason)), reason);
  }
  EXPECT_EQ(names.size(), AllReasons().size());
}

}  // namespace
}  // namespace limpid::base
