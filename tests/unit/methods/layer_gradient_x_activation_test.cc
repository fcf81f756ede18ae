#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/status_matchers.h"
#include "unit/methods/method_case.h"

namespace limpid::methods {
namespace {

using ::testing::ElementsAre;
using testing::IsOk;
using testing::MethodCase;
using testing::StatusIs;

// Of a model with three layers.
class LayerGradientXActivationTest : public ::testing::Test {
 protected:
  LayerGradientXActivationTest() {
    engine::RowResult base;
    base.layer_gradient_x_activation = explain::MakeTensor({4, 2}, {0, 1, -2, 3, 4, 5, 6, -7});
    text_.With(base);
  }
  MethodCase text_{2};
};

TEST_F(LayerGradientXActivationTest, IsTheRowOfTheLayerAskedFor) {
  EXPECT_THAT(text_.Fold("layer_gradient_x_activation { layer: 0 }").scores, ElementsAre(0, 1));
  EXPECT_THAT(text_.Fold("layer_gradient_x_activation { layer: -1 }").scores, ElementsAre(6, -7));
  EXPECT_THAT(text_.Fold("layer_gradient_x_activation { layer: -2 }").scores, ElementsAre(4, 5));
  EXPECT_THAT(text_.Fold("layer_gradient_x_activation {}").scores, ElementsAre(-2, 3)) << "the middle";
}

TEST_F(LayerGradientXActivationTest, NamesItsLayerAndSign) {
  const explain::MethodCard card = text_.Fold("layer_gradient_x_activation { layer: -1 }").card;

  EXPECT_EQ(card.layer, 3);
  EXPECT_TRUE(card.is_signed);
  EXPECT_TRUE(card.depends_on_target);
  EXPECT_FALSE(card.attach_point.has_value());
}

TEST_F(LayerGradientXActivationTest, RefusesALayerThatTheModelLacks) {
  EXPECT_THAT(text_.Check("layer_gradient_x_activation { layer: 3 }"), IsOk());
  EXPECT_THAT(text_.Check("layer_gradient_x_activation { layer: -4 }"), IsOk());
  EXPECT_THAT(text_.Check("layer_gradient_x_activation { layer: 4 }"),
              StatusIs(absl::StatusCode::kInvalidArgument, "layer: is 4, must be in [-4, 4)"));
  EXPECT_THAT(text_.Check("layer_gradient_x_activation { layer: -5 }"),
              StatusIs(absl::StatusCode::kInvalidArgument, "layer: is -5, must be in [-4, 4)"));
}

TEST_F(LayerGradientXActivationTest, ComesOutOfTheBaseRow) {
  EXPECT_TRUE(text_.Plan("layer_gradient_x_activation {}").layer_gradient_x_activation);
  EXPECT_TRUE(testing::MakeMethod("layer_gradient_x_activation {}")->Expect(text_.input()).empty());
}

}  // namespace
}  // namespace limpid::methods
