"use strict";

// A method's name, and in one sentence what a piece's score is.

const METHODS = {
  saliency: [
    "Saliency", "How strongly the score would react if this piece changed a little; it does not say in which direction."
  ],
  gradient_x_input: [
    "Gradient × input", "A straight-line estimate of how much this piece adds to the score (+) or takes from it (−)."
  ],
  attention_rollout: [
    "Attention rollout",
    "How much of what the model reads out passes through this piece when attention is followed through all layers; " +
        "the same for every class."
  ],
  gradient_weighted_attention: [
    "Gradient-weighted attention",
    "How much attention this piece receives over all layers, counted only where that attention raises the score."
  ],
  gradient_x_attention: [
    "Gradient × attention",
    "How much attention this piece receives in one layer, counted only where that attention raises the score."
  ],
  occlusion: [
    "Occlusion", "How much the score falls (+) or rises (−) when this piece is taken out and the text is read again."
  ],
  sequential_integrated_gradients: [
    "Sequential integrated gradients",
    "How much the score falls (+) or rises (−) when this token alone is replaced by the baseline."
  ],
  smooth_grad:
      ["SmoothGrad", "How strongly the score reacts to this piece, averaged over slightly noisy copies of the text."],
  integrated_gradients: [
    "Integrated gradients",
    "This piece's part of the difference between the score of this text and the score of an empty one: " +
        "+ raised it, − lowered it."
  ],
  layer_gradient_x_activation: [
    "Layer gradient × activation",
    "A straight-line estimate of what this place adds to the score (+) or takes from it (−), " +
        "measured inside the model."
  ],
  layer_integrated_gradients: [
    "Layer integrated gradients",
    "This place's part of the difference between this text's score and an empty one's, measured inside the model."
  ],
  lrp: [
    "Relevance propagation",
    "This piece's part of the score when the score is handed back layer by layer: + for it, − against it."
  ],
  lime: [
    "LIME",
    "How much keeping this piece raises (+) or lowers (−) the score, " +
        "fitted on many texts with pieces left out."
  ],
  kernel_shap: [
    "KernelSHAP",
    "This piece's fair share (Shapley value) of the score, averaged over the orders in which pieces could be added."
  ],
  partition_shap: [
    "PartitionSHAP", "This piece's fair share (Owen value) of the score when neighbouring pieces are added together."
  ],
  value_zeroing: [
    "Value zeroing",
    "How much the model's reading changes when this token's content is hidden from the others; " +
        "the same for every class."
  ],
  attention_flow: [
    "Attention flow",
    "How much attention can flow from this token to the one that is read out, as through pipes; " +
        "the same for every class."
  ],
  token_interactions: [
    "Token interactions",
    "What this token adds to the similarity of the two texts, summed over the tokens of the other."
  ],
  hot_flip: [
    "HotFlip", "How far the best single replacement tried for this token moves the decision; 0 where none was tried."
  ],
  input_reduction: ["Input reduction", "How much of the decision's margin is lost without this word alone."],
  counterfactual: [
    "Counterfactual", "How far the best single change tried for this piece moves the decision; 0 where none was tried."
  ],
  head_importance: ["Head importance", "How much the score hangs on each attention head; larger means more."],
};

function methodName(name) {
  return METHODS[name] ? METHODS[name][0] : name.replace(/_/g, " ");
}

function methodMeaning(name) {
  return METHODS[name] ? METHODS[name][1] : "One number a piece; this page does not know the method.";
}

// Enums of the contract without their type's name.
function plain(value, prefix) {
  return String(value).replace(prefix, "").toLowerCase().replace(/_/g, " ");
}

// What else a card says, as [what, value] pairs.
function cardFacts(card) {
  const facts = [
    [
      "derivative taken at",
      card.attach_point === "ATTACH_POINT_UNSPECIFIED" ? "" : `the ${plain(card.attach_point, "ATTACH_POINT_")}`
    ],
    ["reduced by", card.reduction === "REDUCTION_UNSPECIFIED" ? "" : plain(card.reduction, "REDUCTION_")],
    ["layer", card.layer >= 0 ? card.layer : ""],
    ["seen from token", card.query_token >= 0 ? card.query_token : ""],
    ["baseline", card.baseline],
    [
      "what is taken out becomes",
      card.replacement === "REPLACEMENT_UNSPECIFIED" ? "" : plain(card.replacement, "REPLACEMENT_")
    ],
    ["form", card.form],
    ["samples or nodes", card.samples || ""],
    ["seed", card.samples && !card.completeness ? card.seed : ""],
    ["passes of its own", card.rows || ""],
    ["sum of |scores|", number(card.sum_abs, 5)],
  ];
  return facts.filter(([, value]) => value !== "").map(([what, value]) => [what, String(value)]);
}
