#include "explain/model_registry.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "support/status_matchers.h"

namespace limpid::explain {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::IsOk;
using testing::StatusIs;

std::shared_ptr<const Model> Named(const std::string& name) {
  auto model = std::make_shared<Model>();
  model->name = name;
  return model;
}

class ModelRegistryTest : public ::testing::Test {
 protected:
  ModelRegistryTest() {
    EXPECT_THAT(registry_.Add(first_), IsOk());
    EXPECT_THAT(registry_.Add(second_), IsOk());
  }

  const std::shared_ptr<const Model> first_ = Named("first"), second_ = Named("second");
  ModelRegistry registry_;
};

TEST(EmptyModelRegistry, HasNoDefault) {
  const ModelRegistry registry;

  EXPECT_EQ(registry.Find(""), nullptr);
  EXPECT_EQ(registry.default_name(), "");
}

TEST_F(ModelRegistryTest, FindsByNameAndTheFirstWithoutOne) {
  EXPECT_EQ(registry_.Find(""), first_);
  EXPECT_EQ(registry_.Find("second"), second_);
  EXPECT_EQ(registry_.Find("third"), nullptr);
  EXPECT_EQ(registry_.default_name(), "first");
}

TEST_F(ModelRegistryTest, ANameIsAddedOnce) {
  EXPECT_THAT(registry_.Add(Named("second")), StatusIs(absl::StatusCode::kAlreadyExists, HasSubstr("'second'")));
  EXPECT_EQ(registry_.Find("second"), second_);
}

TEST_F(ModelRegistryTest, AReplacedModelKeepsItsPlaceAndWhatWasHandedOutStays) {
  const auto before = registry_.List();
  const auto anew = Named("first");

  EXPECT_THAT(registry_.Replace(anew), IsOk());

  EXPECT_THAT(registry_.List(), ElementsAre(anew, second_));
  EXPECT_THAT(before, ElementsAre(first_, second_));
  EXPECT_THAT(registry_.Replace(Named("third")),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("'third' is not loaded; loaded: first, second")));
}

TEST_F(ModelRegistryTest, RemovesAnyButTheDefault) {
  const auto removed = registry_.Remove("second");

  ASSERT_THAT(removed.status(), IsOk());
  EXPECT_EQ(*removed, second_);
  EXPECT_THAT(registry_.List(), ElementsAre(first_));
  EXPECT_THAT(registry_.Remove("second").status(), StatusIs(absl::StatusCode::kNotFound, HasSubstr("'second'")));
  EXPECT_THAT(registry_.Remove("first").status(),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("default")));
}

}  // namespace
}  // namespace limpid::explain
