// On the page that is shown without network: asks every few seconds whether the console answers
// again. Whoever stood here may have left meanwhile, so it goes on by way of signing out.
(function () {
  "use strict";
  const EVERY_MS = 5000;
  const PATIENCE_MS = 4000;
  let isLooking = false;

  async function look() {
    if (isLooking) return;
    isLooking = true;
    const { lookUrl: address, back } = document.body.dataset;
    const ended = new AbortController();
    const timer = setTimeout(() => ended.abort(), PATIENCE_MS);
    try {
      const answer = await fetch(address, {
        method: "HEAD", cache: "no-store", credentials: "omit", signal: ended.signal,
      });
      if (answer.ok) location.replace(back);
    } catch {
      // Not yet.
    } finally {
      clearTimeout(timer);
      isLooking = false;
    }
  }

  setInterval(look, EVERY_MS);
  window.addEventListener("online", look);
})();
