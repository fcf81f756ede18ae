"use strict";

// What an auditor needs to ask the same again.

function milliseconds(value) {
  return `${number(value ?? 0)} ms`;
}

function provenanceSection(answer) {
  const {summary, request} = answer, timings = summary.timings ?? {};
  const mono = (text) => element("code", {}, visible(text));
  const cards = answer.attributions.map(
      (attribution) => element(
          "div", {class: "card"}, element("h3", {}, methodLabel(answer, attribution)),
          facts(cardFacts(attribution.card))));
  return section(
      "provenance", "Where this comes from",
      "Model, versions and request, so that the same can be asked again and compared.", facts([
        ["Model", visible(summary.model?.name ?? "")],
        ["SHA-256 of its weights", mono(summary.model?.weights_sha256 ?? "")],
        ["Server", `limpid-server ${visible(summary.server_version ?? "")}`],
        ["Page made by", answer.client_version ? `limpid ${answer.client_version}` : ""],
        ["Answer received", answer.received_at ? visible(answer.received_at) : "not recorded"],
        [
          "Passes",
          `${summary.rows_forward} forward, ${summary.rows_backward} of them backward, ${summary.tokens} tokens in all`
        ],
        [
          "Time",
          `${milliseconds(timings.total_ms)}: ${milliseconds(timings.tokenize_ms)} tokenization, ${
              milliseconds(timings.queue_ms)} waiting, ${milliseconds(timings.compute_ms)} computing`
        ],
      ]),
      answer.command ?
          element(
              "div", {}, element("h3", {}, "To ask the same again"),
              element("pre", {tabindex: "0", role: "region", "aria-label": "Command line"}, visible(answer.command))) :
          null,
      element(
          "details", {}, element("summary", {}, "What each method computed"), element("div", {class: "cards"}, cards)),
      element(
          "details", {}, element("summary", {}, "The request as it was sent"),
          element(
              "pre", {tabindex: "0", role: "region", "aria-label": "Request"},
              visible(JSON.stringify(request, null, 2)))));
}
