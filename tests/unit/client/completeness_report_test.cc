#include "lib/render/completeness_report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/client/sample_answer.h"

namespace limpid::client {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;

// A sum of 2 - (-0.5) by an integral over so many nodes.
v1::Attribution Integrated(uint32_t nodes, float error, float refinement_error) {
  v1::Attribution attribution = SampleAttribution(0, {0, 1, 0, 4, 2, 0}, /*is_signed=*/true).attribution();
  attribution.mutable_card()->set_samples(nodes);
  v1::Completeness* completeness = attribution.mutable_card()->mutable_completeness();
  completeness->set_value(2);
  completeness->set_baseline_value(-0.5f);
  completeness->set_error(error);
  completeness->set_refinement_error(refinement_error);
  completeness->set_is_certified(error < 1e-3f && refinement_error < 1e-3f);
  return attribution;
}

v1::Method IntegratedGradients(float tolerance = 0) {
  v1::Method method;
  method.mutable_integrated_gradients()->set_tolerance(tolerance);
  return method;
}

std::string Report(const v1::Method& method, const v1::Attribution& attribution,
                   const std::vector<v1::Attribution>& refinements = {}) {
  return CompletenessReport(method, attribution, refinements, Palette(ColorMode::kNone), 120);
}

TEST(CompletenessReport, HoldsBothErrorsAgainstTheTolerance) {
  EXPECT_EQ(
      Report(IntegratedGradients(), Integrated(9, 0.0005f, 0.00025f)),
      "  completeness  the scores sum to F(text) 2 less F(baseline) -0.5: error 0.0005, refinement error 0.00025; "
      "within the\n                tolerance of 0.001\n");
  EXPECT_THAT(Report(IntegratedGradients(0.125f), Integrated(9, 0.5f, 0.25f)),
              EndsWith("NOT within the\n                tolerance of 0.125\n"));
}

TEST(CompletenessReport, ListsTheRefinementsUpToTheLast) {
  v1::Attribution of_another = Integrated(7, 1, 1);
  of_another.set_method_index(1);

  EXPECT_THAT(Report(IntegratedGradients(), Integrated(9, 0.0005f, 0.00025f), {Integrated(5, 0.5f, 0.25f), of_another}),
              EndsWith("  refinements   nodes  completeness error  refinement error\n"
                       "                    5                 0.5              0.25\n"
                       "                    9              0.0005           0.00025\n"));
}

TEST(CompletenessReport, WithoutATolerancePromisesNothing) {
  v1::Method gauss = IntegratedGradients();
  gauss.mutable_integrated_gradients()->set_quadrature(v1::IntegratedGradients::QUADRATURE_GAUSS_LEGENDRE);
  v1::Method shap;
  shap.mutable_kernel_shap();

  EXPECT_THAT(Report(gauss, Integrated(50, 0.5f, 0.25f)), Not(HasSubstr("tolerance")));
  EXPECT_EQ(Report(shap, Integrated(50, 0.5f, 0)),
            "  completeness  the scores sum to F(text) 2 less F(baseline) -0.5: error 0.5\n");
}

TEST(CompletenessReport, IsEmptyForMethodsThatPromiseNoSum) {
  EXPECT_EQ(Report(IntegratedGradients(), SampleAttribution(0, {0, 1, 0, 4, 2, 0}).attribution()), "");
}

}  // namespace
}  // namespace limpid::client
