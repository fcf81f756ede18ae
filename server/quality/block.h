#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "explain/measurement.h"
#include "quality/gauge.h"

namespace limpid::quality {

// All metrics that are asked of one method, side by side: a round has the rows of all that are not done.
class Block final : public explain::Measurement {
 public:
  // Rows that a block may expect to need: what they leave behind is kept until the request ends.
  static constexpr size_t kMostRows = 24576;

  Block(Options options, const explain::MethodSpec& measured);

  absl::Status Check(const explain::MethodInput& input) const override;
  std::vector<explain::Forecast> Expect(const explain::MethodInput& input) const override;
  absl::StatusOr<explain::MeasureStep> Fold(const explain::MethodInput& input, const engine::RowResult& base,
                                            const explain::TokenScores& scores,
                                            std::span<const engine::RowResult> rows) override;

 private:
  struct Entry {
    std::unique_ptr<Gauge> gauge;
    size_t num_rows = 0;  // asked for last
    bool is_done = false;
  };

  void Add(std::unique_ptr<Gauge> gauge);

  const Options options_;
  std::vector<Entry> gauges_;
  std::vector<explain::QualityValue> values_;  // of the gauges that are done
};

}  // namespace limpid::quality
