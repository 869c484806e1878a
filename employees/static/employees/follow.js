/* Asks the console for news again and again, as long as there may be some and somebody looks.
 *
 * Never while the page is hidden, never two questions at once, and no more once the reader is signed
 * out. everyMs: says how long to wait until the next question. show: is given the answer, and says
 * whether it was the last. complain: is given a sentence when there is none; the next answer ends it. */
"use strict";

window.consoleFollow = ({
  url,
  everyMs,
  show,
  complain,
  signedOut,
  lost = "The console can’t be reached: what stands here may be old. Trying again.",
}) => {
  const PATIENCE_MS = 10000;
  let timer = 0;
  let asking = null;
  let over = false;

  const ask = async () => {
    asking = new AbortController();
    const patience = setTimeout(() => asking.abort(), PATIENCE_MS);
    try {
      const answer = await fetch(url, {
        headers: { Accept: "application/json" },
        redirect: "manual",
        signal: asking.signal,
      });
      // 404: out of the reader's sight by now.
      if (answer.type === "opaqueredirect" || [401, 403, 404].includes(answer.status)) {
        over = true;
        complain(signedOut);
        return;
      }
      if (!answer.ok) throw new Error(String(answer.status));
      over = show(await answer.json());
    } catch {
      if (!document.hidden) complain(lost);
    } finally {
      clearTimeout(patience);
      asking = null;
      plan();
    }
  };

  const plan = () => {
    clearTimeout(timer);
    if (over || document.hidden || asking) return;
    timer = setTimeout(ask, everyMs());
  };

  document.addEventListener("visibilitychange", () => {
    clearTimeout(timer);
    if (over) return;
    if (document.hidden) asking?.abort();
    else if (!asking) ask();
  });

  plan();
};
