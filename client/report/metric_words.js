"use strict";

// A measure's name, which direction is better, and what it is in one sentence.

const METRICS = {
  METRIC_COMPREHENSIVENESS:
      ["Comprehensiveness", "higher", "How far p falls when the words with the highest scores are taken out."],
  METRIC_SUFFICIENCY:
      ["Sufficiency", "lower", "How far p falls when nothing but the words with the highest scores is kept."],
  METRIC_DELETION:
      ["Deletion", "higher", "How far p falls, on average, while words are taken out from the highest score down."],
  METRIC_INSERTION:
      ["Insertion", "higher", "How high p is, on average, while words are put in from the highest score down."],
  METRIC_LOG_ODDS:
      ["Log-odds", "lower", "By which logarithm p changes without the fifth of the words that scored highest."],
  METRIC_INFIDELITY: [
    "Infidelity", "lower", "How badly the scores foretell what happens when random words are taken out; 0 is perfect."
  ],
  METRIC_MAX_SENSITIVITY: [
    "Max-sensitivity", "lower", "How much the scores change at most when the input is shaken a little; 0 is steady."
  ],
  METRIC_COMPLETENESS: [
    "Completeness gap", "lower",
    "How far the sum of the scores misses the score the text has over a text without words; 0 misses nothing."
  ],
  METRIC_SOFT_COMPREHENSIVENESS: [
    "Soft comprehensiveness", "higher", "As comprehensiveness, with words blurred by their score instead of taken out."
  ],
  METRIC_SOFT_SUFFICIENCY:
      ["Soft sufficiency", "higher", "As sufficiency, with words blurred by their score instead of left out."],
  METRIC_NORMALIZED_DELETION:
      ["Normalized deletion", "higher", "Deletion on a scale from the worst order of words found (0) to the best (1)."],
};

const REPLACED_BY = {
  REPLACEMENT_MASK: "the mask token",
  REPLACEMENT_PAD: "the padding token",
  REPLACEMENT_UNKNOWN: "the unknown token",
  REPLACEMENT_ZERO: "a word without any content (zero)",
  REPLACEMENT_MEAN: "the mean of all words",
  REPLACEMENT_DELETE: "nothing: the rest moves up",
  REPLACEMENT_ATTENTION: "invisible: the rest keeps its place",
};

function metricName(metric) {
  return METRICS[metric] ? METRICS[metric][0] : plain(metric, "METRIC_");
}

function metricBetter(metric) {
  return METRICS[metric] ? METRICS[metric][1] : "";
}

function metricMeaning(metric) {
  return METRICS[metric] ? METRICS[metric][2] : "This page does not know the measure.";
}

// "p" in words: what the measures look at.
function whatIsP(answer) {
  const target = answer.prediction.target;
  return target.class_index >= 0 && answer.prediction.classes?.probabilities?.length ?
      `p is the probability of ${labelOf(answer, target.class_index)}.` :
      "p stands for the explained score itself.";
}
