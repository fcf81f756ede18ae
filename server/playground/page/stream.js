"use strict";

// The server's side of the page: lines of JSON, the last of which may be an error. Blank lines only show that the
// server is still at work.

// `code`: of google.rpc.Code.
const UNAUTHENTICATED = 16;

class Refused extends Error {
  constructor(error) {
    super(error.message);
    this.code = error.code;
    const info = (error.details ?? []).find((detail) => detail.reason);
    this.reason = info?.reason ?? "";
  }
}

// What a browser throws where no server answers or the stream is cut.
function withWords(error) {
  throw error.name === "AbortError" ? error : new Refused({message: "The server does not answer, or went in between."});
}

// Gives each line to `onPart` as it comes. Throws Refused with what is wrong, and AbortError once `signal` says so.
async function ask(path, {request = null, token = "", signal = null}, onPart) {
  const response =
      await fetch(path, {
        method: request ? "POST" : "GET",
        headers:
            {...(request && {"Content-Type": "application/json"}), ...(token && {Authorization: `Bearer ${token}`})},
        body: request && JSON.stringify(request),
        signal
      }).catch(withWords);
  if (!response.ok) throw new Refused({message: (await response.text()).trim()});
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const {done, value} = await reader.read().catch(withWords);
    if (done) return;
    const lines = (rest + value).split("\n");
    rest = lines.pop();
    for (const line of lines.filter((text) => text)) {
      const part = JSON.parse(line);
      if (part.error) throw new Refused(part.error);
      onPart(part);
    }
  }
}
