#include "lib/request/method_spec.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace limpid::client {
namespace {

using testing::HasSubstr;

std::string Problem(const char* list) {
  const auto methods = ParseMethods(list);
  return methods.ok() ? "none" : std::string(methods.status().message());
}

TEST(ParseMethod, ANameAloneTakesTheDefaults) {
  const auto method = ParseMethod("saliency");

  ASSERT_TRUE(method.ok()) << method.status();
  ASSERT_TRUE(method->has_saliency());
  EXPECT_EQ(method->saliency().attach_point(), v1::ATTACH_POINT_UNSPECIFIED);
  EXPECT_EQ(method->saliency().reduction(), v1::REDUCTION_UNSPECIFIED);
}

TEST(ParseMethod, TheAttachPointMayStandBeforeOrAfterOptions) {
  for (const char* spec : {"saliency:l1@embedding_output", "saliency@embedding_output:l1"}) {
    const auto method = ParseMethod(spec);
    ASSERT_TRUE(method.ok()) << method.status();
    EXPECT_EQ(method->saliency().attach_point(), v1::ATTACH_POINT_EMBEDDING_OUTPUT) << spec;
    EXPECT_EQ(method->saliency().reduction(), v1::REDUCTION_L1) << spec;
  }
}

TEST(ParseMethod, OptionsOfAttentionMethodsAreNamed) {
  const auto method = ParseMethod("gradient-x-attention:layer=-2:query=5");

  ASSERT_TRUE(method.ok()) << method.status();
  EXPECT_EQ(method->gradient_x_attention().layer(), -2);
  EXPECT_EQ(method->gradient_x_attention().query_token(), 5u);
  EXPECT_EQ(ParseMethod("attention_rollout:query=3")->attention_rollout().query_token(), 3u);
  EXPECT_EQ(ParseMethod("Gradient_Weighted_Attention:query=4")->gradient_weighted_attention().query_token(), 4u);
  EXPECT_TRUE(ParseMethod("head_importance:normalize")->head_importance().normalize_by_layer());
}

TEST(ParseMethod, TheLayerIsNotSetUnlessAsked) {
  EXPECT_FALSE(ParseMethod("gradient_x_attention")->gradient_x_attention().has_layer());
}

TEST(ParseMethod, WhatIsTakenOutAndWhatTakesItsPlace) {
  const auto occlusion = ParseMethod("occlusion:word:delete");
  ASSERT_TRUE(occlusion.ok()) << occlusion.status();
  EXPECT_EQ(occlusion->occlusion().unit(), v1::GRANULARITY_WORD);
  EXPECT_EQ(occlusion->occlusion().replacement(), v1::REPLACEMENT_DELETE);
  EXPECT_EQ(ParseMethod("sequential-integrated-gradients:pad")->sequential_integrated_gradients().baseline(),
            v1::REPLACEMENT_PAD);
}

TEST(ParseMethod, TakesOptionsOfWhateverMessageTheMethodHas) {
  const auto integrated =
      ParseMethod("integrated_gradients:gauss_legendre:steps=50:baselines=mask:baselines=an old text");
  ASSERT_TRUE(integrated.ok()) << integrated.status();
  const v1::IntegratedGradients& options = integrated->integrated_gradients();
  EXPECT_EQ(options.quadrature(), v1::IntegratedGradients::QUADRATURE_GAUSS_LEGENDRE);
  EXPECT_EQ(options.steps(), 50u);
  ASSERT_EQ(options.baselines_size(), 2);
  EXPECT_EQ(options.baselines(0).token(), v1::BASELINE_TOKEN_MASK);
  EXPECT_EQ(options.baselines(1).text(), "an old text");

  EXPECT_FLOAT_EQ(ParseMethod("smooth-grad:noise=0.25:squared:seed=7")->smooth_grad().noise_level(), 0.25f);
  const auto flip = ParseMethod("hot_flip:max_edits=3:beam=2:words_only");
  ASSERT_TRUE(flip.ok()) << flip.status();
  EXPECT_EQ(flip->hot_flip().limits().max_edits(), 3u) << "of a message within";
  EXPECT_EQ(flip->hot_flip().limits().beam_width(), 2u);
  EXPECT_TRUE(flip->hot_flip().words_only());
}

TEST(MethodHelps, EveryMethodSaysWhatItShows) {
  for (const MethodHelp& help : MethodHelps()) EXPECT_FALSE(help.meaning.empty()) << help.name;
}

TEST(ParseMethods, AListKeepsItsOrder) {
  const auto methods = ParseMethods("saliency:mean_abs,gradient_x_input@embedding_sum,head_importance");

  ASSERT_TRUE(methods.ok()) << methods.status();
  ASSERT_EQ(methods->size(), 3u);
  EXPECT_EQ((*methods)[0].saliency().reduction(), v1::REDUCTION_MEAN_ABS);
  EXPECT_EQ((*methods)[1].gradient_x_input().attach_point(), v1::ATTACH_POINT_EMBEDDING_SUM);
  EXPECT_TRUE((*methods)[2].has_head_importance());
}

TEST(ParseMethods, AllIsEveryMethodThatAlwaysRunsAndNoneIsNone) {
  const auto all = ParseMethods("all");

  ASSERT_TRUE(all.ok()) << all.status();
  std::vector<std::string> names;
  for (const MethodHelp& help : MethodHelps()) {
    if (!help.is_conditional) names.push_back(help.name);
  }
  std::vector<std::string> got;
  for (const v1::Method& method : *all) {
    got.push_back(v1::Method::descriptor()->FindFieldByNumber(method.method_case())->name());
  }
  EXPECT_EQ(got, names);
  EXPECT_THAT(names, testing::Contains("partition_shap"));
  EXPECT_THAT(names, testing::Not(testing::Contains("lrp"))) << "not in every build";
  EXPECT_TRUE(ParseMethods("none")->empty());
}

TEST(ParseMethods, WhatIsWrongIsSaidWithWhatIsPossible) {
  EXPECT_THAT(Problem("magic"), HasSubstr("--method magic: no such method; there are saliency, gradient_x_input"));
  EXPECT_THAT(Problem("saliency:l3"),
              HasSubstr("saliency: it has no option \"l3\"; its options are @ATTACH_POINT, reduction=l2|l1"));
  EXPECT_THAT(Problem("saliency@wordembedding"), HasSubstr("no option \"@wordembedding\""));
  EXPECT_THAT(Problem("gradient_x_input:l2"), HasSubstr("no option \"l2\"; its options are @ATTACH_POINT"));
  EXPECT_THAT(Problem("attention_rollout@embedding_sum"), HasSubstr("no option \"@embedding_sum\""));
  EXPECT_THAT(Problem("gradient_x_attention:layer=last"), HasSubstr("no option \"layer=last\""));
  EXPECT_THAT(Problem("attention_rollout:query=-1"), HasSubstr("no option \"query=-1\""));
  EXPECT_THAT(Problem("saliency@embedding_sum@embedding_sum:l1"),
              HasSubstr("no option \"@embedding_sum@embedding_sum\""));
  EXPECT_THAT(Problem("saliency@embedding_sum:l1@embedding_sum"), HasSubstr("more than one \"@\""));
  EXPECT_THAT(Problem("saliency,"), HasSubstr("a name is missing"));
  EXPECT_THAT(Problem(""), HasSubstr("a name is missing"));
}

}  // namespace
}  // namespace limpid::client
