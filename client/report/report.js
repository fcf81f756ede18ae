"use strict";

function showReport() {
  const answer = readAnswer(), attention = attentionSection(answer);
  document.title = `Limpid report: ${headline(answer)}`;
  document.getElementById("main").replaceChildren(
      ...[predictionSection(answer), scoresSection(answer), qualitySection(answer), convergenceSection(answer),
          editsSection(answer), headsSection(answer), attention?.node, provenanceSection(answer)]
          .filter((part) => part));
  if (attention) drawWithTheme(attention.draw);
  setUpTheme();
  addEventListener("beforeprint", () => document.querySelectorAll("details").forEach((details) => details.open = true));
}

showReport();
