/* Asks how far some work is, again and again, while it goes on and somebody looks.
 *
 * Never while the page is hidden, never two questions at once, and no more once the reader is signed
 * out. Only text is ever put into the page. */
"use strict";

window.consoleFollow = ({ url, everyMs, complain, signedOut, show }) => {
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
      if (answer.type === "opaqueredirect" || answer.status === 401 || answer.status === 403) {
        over = true;
        complain(signedOut);
        return;
      }
      if (!answer.ok) throw new Error(String(answer.status));
      over = show(await answer.json());
      if (over) location.reload();
    } catch {
      if (!document.hidden) complain("The console can’t be reached: what stands here may be old. Trying again.");
    } finally {
      clearTimeout(patience);
      asking = null;
      plan();
    }
  };

  const plan = () => {
    clearTimeout(timer);
    if (over || document.hidden || asking) return;
    timer = setTimeout(ask, everyMs);
  };

  document.addEventListener("visibilitychange", () => {
    clearTimeout(timer);
    if (over) return;
    if (document.hidden) asking?.abort();
    else if (!asking) ask();
  });

  plan();
};
