"use strict";

function field(what, value) {
  return element("div", {}, element("dt", {}, what), element("dd", {}, value));
}

function blank(what) {
  return element("div", {class: "blank"}, element("span", {}, what));
}

function identification(answer, attribution) {
  const {summary} = answer;
  return element(
      "dl", {}, field("Model", visible(summary.model?.name ?? "")),
      field(
          "Date and time",
          answer.received_at ? visible(answer.received_at.replace("T", " ").replace("Z", " UTC")) : "not recorded"),
      field("Software", `limpid-server ${visible(summary.server_version ?? "")}, limpid ${answer.client_version}`),
      field("Method", attribution ? methodLabel(answer, attribution) : "none"),
      element(
          "div", {class: "hash"}, element("dt", {}, "SHA-256 of the model's weights"),
          element("dd", {}, element("code", {}, visible(summary.model?.weights_sha256 ?? "")))));
}

function signature() {
  const box = (text) => element("span", {class: "box"}, text);
  return element(
      "section", {"aria-label": "Signature"}, element("h2", {}, "Review by a person"),
      element(
          "p", {}, "I have read the text and this sheet, and I ", box("follow the model"), box("decide otherwise"),
          box("need more"), " because:"),
      element("div", {class: "reason"}),
      element("div", {class: "blanks"}, blank("Name and role"), blank("Date"), blank("Signature")));
}

function showRecord() {
  const answer = readAnswer(), attribution = recordedAttribution(answer);
  document.title = `Decision record: ${visible(answer.summary.model?.name ?? "")} ${visible(answer.received_at ?? "")}`;
  document.getElementById("main").replaceChildren(
      element("h1", {}, "Decision record"), identification(answer, attribution),
      element(
          "section", {"aria-label": "Decision"}, element("h2", {}, "What was decided"),
          decisionSentences(answer).map((text, i) => element("p", {class: i ? "" : "decision"}, text)),
          warnings(answer).map((text) => element("p", {class: "warning"}, text))),
      element(
          "section", {"aria-label": "Text"}, element("h2", {}, "What the model read"),
          markedRecordText(answer, attribution),
          attribution ? element(
                            "p", {class: "note"},
                            attribution.card.is_signed ?
                                "Underlined: spoke for. Underlined with dashes: spoke against. The thicker, the more." :
                                "Underlined: mattered. The thicker, the more.") :
                        ""),
      element(
          "section", {"aria-label": "Evidence"},
          attribution ? evidence(answer, attribution) : element("p", {}, "No explanation was asked for.")),
      element(
          "section", {"aria-label": "Trust"}, element("h2", {}, "How far this explanation can be trusted"),
          trust(answer, attribution)),
      signature(),
      answer.command ? element("footer", {}, "To ask the same again: ", element("code", {}, visible(answer.command))) :
                       "");
}

showRecord();
