#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "lib/evaluate/mean.h"
#include "lib/gather.h"
#include "lib/texts/text_source.h"
#include "limpid/v1/explain.pb.h"

namespace limpid::client {

// One measure of one method over many texts.
struct MetricTally {
  Mean values;
  Mean random_values;  // of the texts that were held against random orders
  size_t beats_random = 0;

  void Add(const v1::QualityValue& value);
  // Of the texts that were held against random orders; nothing if there are none.
  std::optional<double> beats_share() const;
};

// What a classifier predicts beside the labels that a file gives.
struct LabelTally {
  std::vector<std::string> names;  // of the classes
  size_t texts = 0, right = 0;
  size_t unmatched = 0;  // texts beside these: their label is no class, or the model is no classifier
  std::map<int, std::map<int, size_t>> predicted_by_given;

  void Add(const std::string& label, const v1::Prediction& prediction);
  std::optional<double> accuracy() const;
};

// What is known of a data set, of the texts that were answered.
struct Evaluation {
  std::vector<std::string> methods;                       // as typed
  std::vector<std::map<int, MetricTally>> methods_tally;  // of each method, by metric
  std::optional<LabelTally> labels;                       // if the file has some
  v1::ModelIdentity model;                                // that answered last

  // `method_names` in the order of the request.
  Evaluation(std::vector<std::string> method_names, bool has_labels);

  // A method that this text has no measures of (it did not come, or has no token scores) leaves the text out of its
  // own numbers alone.
  void Add(const TextRecord& record, const Explanation& explanation);
};

}  // namespace limpid::client
