#pragma once

#include <google/protobuf/text_format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "explain/measurement.h"
#include "limpid/v1/explain.pb.h"
#include "quality/quality.h"
#include "support/method_spec.h"
#include "unit/methods/method_case.h"

namespace limpid::testing {

inline absl::StatusOr<explain::QualitySpec> ReadQualitySpec(const std::string& text) {
  v1::Quality quality;
  if (!google::protobuf::TextFormat::ParseFromString(text, &quality)) throw std::invalid_argument(text);
  return quality::ReadQuality(quality);
}

inline std::unique_ptr<explain::Measurement> MakeMeasurement(
    const std::string& text, const explain::MethodSpec& measured = Spec("saliency {}")) {
  absl::StatusOr<explain::QualitySpec> spec = ReadQualitySpec(text);
  if (!spec.ok()) throw std::invalid_argument(spec.status().ToString());
  return spec->make(measured);
}

// A text of one-token words between two special tokens, and a made-up model of them: F is the game's value of how much
// of each word is there, and the logit of class 1 beside 0 of class 0.
class QualityCase {
 public:
  using Game = std::function<double(const std::vector<double>& parts)>;

  QualityCase(size_t num_words, Game game) : game_(std::move(game)), text_(TextOf(num_words)) {
    input = std::make_unique<explain::MethodInput>(text_.input());
    base = Run(input->base_row);
  }

  // Sum of weight * part.
  static Game Sum(std::vector<double> weights) {
    return [weights = std::move(weights)](const std::vector<double>& parts) {
      double sum = 0;
      for (size_t i = 0; i < parts.size(); ++i) sum += weights[i] * parts[i];
      return sum;
    };
  }

  // A masked word is not there; one of which a share of the elements is kept is there to that part; and what uniform
  // noise does is larger from sample to sample.
  engine::RowResult Run(const engine::Row& row) const {
    std::vector<double> parts;
    double factor = 1;
    for (size_t t = 1; t + 1 < row.token_ids.size(); ++t) {
      double& part = parts.emplace_back(row.token_ids[t] == FakeTokenizer::kMask ? 0 : 1);
      if (!row.alteration.has_value() || !row.alteration->noise.has_value()) continue;
      const engine::Noise& noise = *row.alteration->noise;
      if (noise.kind == engine::Noise::Kind::kBernoulli) part *= noise.keep[t];
      if (noise.kind == engine::Noise::Kind::kUniform) factor = 1 + noise.scale * noise.sample;
    }
    engine::RowResult result;
    const double value = factor * game_(parts);
    result.prediction.logits = {0, static_cast<float>(value)};
    result.prediction.class_index = 1;
    result.prediction.target_value = static_cast<float>(value);
    return result;
  }

  double ValueOf(const std::vector<double>& parts) const { return game_(parts); }
  static double Chance(double value) { return 1 / (1 + std::exp(-value)); }

  struct Report {
    std::map<explain::Metric, explain::QualityValue> values;
    std::vector<engine::Row> rows;
    size_t num_rounds = 0;
  };

  // Of one score a word.
  Report Measure(const std::string& quality, std::vector<float> word_scores,
                 const explain::MethodSpec& measured = Spec("saliency {}")) const {
    explain::TokenScores scores;
    scores.scores = std::move(word_scores);
    scores.scores.insert(scores.scores.begin(), 0.5f);  // special tokens' scores are in no metric
    scores.scores.push_back(0.5f);
    const std::unique_ptr<explain::Measurement> measurement = MakeMeasurement(quality, measured);
    Report report;
    std::vector<engine::RowResult> results;
    for (;;) {
      absl::StatusOr<explain::MeasureStep> step = measurement->Fold(*input, base, scores, results);
      if (!step.ok()) throw std::logic_error(step.status().ToString());
      if (step->more_rows.empty()) {
        for (explain::QualityValue& value : step->values) report.values[value.metric] = std::move(value);
        return report;
      }
      ++report.num_rounds;
      results.clear();
      for (engine::Row& row : step->more_rows) {
        results.push_back(Run(row));
        if (std::ranges::find(report.rows, row) == report.rows.end()) report.rows.push_back(std::move(row));
      }
    }
  }

  size_t Expected(const std::string& quality, const explain::MethodSpec& measured = Spec("saliency {}")) const {
    size_t rows = 0;
    for (const explain::Forecast& forecast : MakeMeasurement(quality, measured)->Expect(*input)) rows += forecast.rows;
    return rows;
  }

  std::unique_ptr<explain::MethodInput> input;
  engine::RowResult base;

 private:
  static std::string TextOf(size_t num_words) {
    std::string text;
    for (size_t i = 0; i < num_words; ++i) text += std::string(i == 0 ? "" : " ") + "w" + std::to_string(i);
    return text;
  }

  const Game game_;
  MethodCase text_;
};

}  // namespace limpid::testing
