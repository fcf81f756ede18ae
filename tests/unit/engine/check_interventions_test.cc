// What Check says of rows that change the pass in a way that cannot be done.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <functional>

#include "engine/engine.h"
#include "support/status_matchers.h"
#include "unit/engine/tiny_model.h"

namespace limpid::engine {
namespace {

using ::limpid::testing::IsOk;
using ::limpid::testing::StatusIs;
using ::testing::HasSubstr;

constexpr int64_t kLength = 6;

Baseline Zeros(AttachPoint at = AttachPoint::kWordEmbedding) {
  return {at, std::vector<int32_t>(kLength, Baseline::kZero)};
}

std::shared_ptr<const Baseline> Shared(Baseline baseline) {
  return std::make_shared<const Baseline>(std::move(baseline));
}

// A row that does everything there is, rightly.
Row EverythingAtOnce(const TinyConfig& config) {
  Row row = RandomRow(config, kLength, 1, {.kind = Target::Kind::kClass});
  row.alteration = Alteration{AttachPoint::kWordEmbedding,
                              Noise{.kind = Noise::Kind::kBernoulli, .keep = std::vector<float>(kLength, 0.5f)},
                              Shared(Zeros()),
                              {0.5f}};
  row.positions = {0, 1, 3, 4, 5, 7};
  const HiddenStates states = {2, std::vector<float>(static_cast<size_t>(kLength * config.hidden_size), 0.5f)};
  row.replaced_hidden = std::make_shared<const HiddenStates>(states);
  row.wanted.gradient_dots = {Shared(Zeros())};
  row.wanted.layer_gradient_x_activation = row.wanted.value_zeroing = true;
  row.wanted.hidden_states = {0, 3};
  row.wanted.layer_gradient_dot = row.replaced_hidden;
  const std::vector<uint8_t> all(static_cast<size_t>(config.vocab_size), 1);
  row.wanted.substitutions = SubstitutionSearch{3, std::make_shared<const std::vector<uint8_t>>(all), {0, 5}};
  return row;
}

void SetBaseline(Row* row, Baseline baseline) { row->alteration->baseline = Shared(std::move(baseline)); }

struct BadRow {
  const char* name;
  std::function<void(Row*)> spoil;
  const char* says;
};

class CheckInterventions : public ::testing::TestWithParam<BadRow> {};

TEST_P(CheckInterventions, NamesTheFieldAndTheLimit) {
  const TinyConfig config;
  const auto engine = LoadEngine(WriteTinyModel("check", config), {.device = "cpu", .num_threads = 1});
  ASSERT_THAT(engine, IsOk());
  Row row = EverythingAtOnce(config);
  ASSERT_THAT((*engine)->Check(row), IsOk());

  GetParam().spoil(&row);

  EXPECT_THAT((*engine)->Check(row), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(GetParam().says)));
}

const BadRow kBadRows[] = {
    {"KeepTooShort", [](Row* r) { r->alteration->noise->keep.pop_back(); },
     "alteration.noise.keep has 5 entries, must have 6"},
    {"KeepAboveOne", [](Row* r) { r->alteration->noise->keep[2] = 1.5f; },
     "alteration.noise.keep[2] is 1.5, must be in [0, 1]"},
    {"NegativeScale", [](Row* r) { r->alteration->noise = Noise{.kind = Noise::Kind::kGaussian, .scale = -1}; },
     "alteration.noise.scale is -1, must be finite and not negative"},
    {"AlphaSize", [](Row* r) { r->alteration->alpha.assign(2, 0.0f); }, "alteration.alpha has 2 entries, must have 6"},
    {"AlphaNone", [](Row* r) { r->alteration->alpha.clear(); }, "alteration.alpha has 0 entries"},
    {"AlphaNaN", [](Row* r) { r->alteration->alpha[0] = NAN; }, "alteration.alpha[0] is not a finite number"},
    {"BaselineSize", [](Row* r) { SetBaseline(r, {AttachPoint::kWordEmbedding, {1, 2}}); },
     "alteration.baseline.ids has 2 entries, must have 6"},
    {"BaselineId", [](Row* r) { SetBaseline(r, {AttachPoint::kWordEmbedding, {0, 1, 2, 11, 4, 5}}); },
     "alteration.baseline.ids[3] is 11, must be in [0, 11)"},
    {"BaselineElsewhere", [](Row* r) { SetBaseline(r, Zeros(AttachPoint::kEmbeddingSum)); },
     "alteration.baseline.at must be the alteration's attach point"},
    {"GradientBeforeTheAlteration",
     [](Row* r) {
       r->wanted.gradient_dots.clear();
       r->alteration->at = AttachPoint::kEmbeddingSum;
       SetBaseline(r, Zeros(AttachPoint::kEmbeddingSum));
     },
     "wanted.gradient_at[0] lies before the alteration's attach point"},
    {"SubstitutionsAfterAnAlterationOfTheSum",
     [](Row* r) {
       r->wanted.gradient_dots.clear();
       r->wanted.gradient_at = {};
       r->alteration->at = AttachPoint::kEmbeddingSum;
       SetBaseline(r, Zeros(AttachPoint::kEmbeddingSum));
     },
     "wanted.substitutions need an alteration of the word embedding"},
    {"PositionsSize", [](Row* r) { r->positions.push_back(9); }, "positions has 7 entries, must have 6"},
    {"PositionsTooFar", [](Row* r) { r->positions[5] = 40; }, "positions[5] is 40, must be in [6, 40)"},
    {"PositionsTwice", [](Row* r) { r->positions[3] = 3; }, "positions[3] is 3, must be in [4, 40)"},
    {"DotNull", [](Row* r) { r->wanted.gradient_dots.push_back(nullptr); }, "wanted.gradient_dots[1] is missing"},
    {"DotElsewhere", [](Row* r) { r->wanted.gradient_dots[0] = Shared(Zeros(AttachPoint::kEmbeddingOutput)); },
     "wanted.gradient_dots[0].at must be the alteration's attach point"},
    {"ReplacedLayer", [](Row* r) { r->replaced_hidden = std::make_shared<const HiddenStates>(HiddenStates{4, {}}); },
     "replaced_hidden.layer is 4, must be in [0, 3]"},
    {"ReplacedSize", [](Row* r) { r->replaced_hidden = std::make_shared<const HiddenStates>(HiddenStates{1, {1, 2}}); },
     "replaced_hidden.values has 2 entries, must have 72"},
    {"LayerDotSize",
     [](Row* r) { r->wanted.layer_gradient_dot = std::make_shared<const HiddenStates>(HiddenStates{1, {1, 2}}); },
     "wanted.layer_gradient_dot.values has 2 entries, must have 72"},
    {"HiddenStatesLayer", [](Row* r) { r->wanted.hidden_states = {0, 4}; },
     "wanted.hidden_states[1] is 4, must be in [0, 4)"},
    {"NoCandidates", [](Row* r) { r->wanted.substitutions->count = 0; },
     "wanted.substitutions.count is 0, must be in [1, 11]"},
    {"AllowedMissing", [](Row* r) { r->wanted.substitutions->is_allowed = nullptr; },
     "wanted.substitutions.is_allowed is missing"},
    {"AllowedSize",
     [](Row* r) { r->wanted.substitutions->is_allowed = std::make_shared<const std::vector<uint8_t>>(3, 1); },
     "wanted.substitutions.is_allowed has 3 entries, must have 11"},
    {"SubstitutedToken", [](Row* r) { r->wanted.substitutions->tokens[1] = 6; },
     "wanted.substitutions.tokens[1] is 6, must be in [0, 6)"},
#ifndef LIMPID_LRP
    {"NoLrpInThisBuild", [](Row* r) { r->backward_rule = BackwardRule::kAttnLrp; },
     "backward_rule: this server was built without relevance propagation"},
#endif
};

INSTANTIATE_TEST_SUITE_P(Rows, CheckInterventions, ::testing::ValuesIn(kBadRows),
                         [](const auto& test) { return test.param.name; });

}  // namespace
}  // namespace limpid::engine
