"use strict";

// Pieces of the text with their scores: {text, label, score, begin, end, sequence, isSpecial, tokens: [begin, end)}.

function pieceOf(answer, texts, unit, score) {
  const text = (texts[unit.sequence] ?? []).slice(unit.begin_char, unit.end_char).join("");
  const spelling =
      answer.prediction.tokens.slice(unit.begin_token, unit.end_token).map((token) => token.text).join(" ");
  return {
    text,
    label: visible(text.trim() || spelling),
    spelling: visible(spelling),
    score,
    begin: unit.begin_char,
    end: unit.end_char,
    sequence: unit.sequence,
    isSpecial: unit.is_special,
    tokens: [unit.begin_token, unit.end_token]
  };
}

function areTokens(attribution) {
  return attribution.units.every((unit) => unit.end_token - unit.begin_token === 1);
}

// Neighbours of one word become one unit; its score is what the request's aggregation makes of theirs.
function asWords(answer, attribution) {
  const sums = attribution.card.aggregation === "AGGREGATION_SUM_ABS" ? Math.abs : (score) => score;
  const units = [], scores = [];
  let last = null;
  attribution.units.forEach((unit, i) => {
    const token = answer.prediction.tokens[unit.begin_token];
    const isSame = last && token.word >= 0 && token.word === last.word && token.sequence === last.sequence;
    if (isSame) {
      units[units.length - 1] = {...units[units.length - 1], end_token: unit.end_token, end_char: unit.end_char};
      scores[scores.length - 1] += sums(attribution.scores[i]);
    } else {
      units.push(unit);
      scores.push(sums(attribution.scores[i]));
    }
    last = token;
  });
  return {units, scores};
}

// `granularity`: "word", or "token" for the scores as they came.
function piecesOf(answer, attribution, granularity) {
  const texts = textsOf(answer);
  const {units, scores} = granularity === "word" && areTokens(attribution) ? asWords(answer, attribution) : attribution;
  return units.map((unit, i) => pieceOf(answer, texts, unit, scores[i]));
}

// Special tokens often gather more than any word: they are not ranked, and the scale ends at the largest score of a
// piece of text.
function byStrength(pieces) {
  return pieces.filter((piece) => !piece.isSpecial).sort((a, b) => Math.abs(b.score) - Math.abs(a.score));
}

function scaleOf(pieces) {
  return Math.abs(byStrength(pieces)[0]?.score ?? 0);
}

function sumOfSizes(pieces) {
  return pieces.reduce((sum, piece) => sum + Math.abs(piece.score), 0);
}
