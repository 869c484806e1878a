// On the page that is shown without network: asks every few seconds whether the console answers
// again. Whoever stood here may have left meanwhile, so it goes on by way of signing out.
(function () {
  "use strict";
  const EVERY_MS = 5000;
  const PATIENCE_MS = 4000;
  let isBusy = false;

  async function look() {
    if (isBusy) return;
    isBusy = true;
    const { lookUrl, back } = document.body.dataset;
    // Busy for good then: another look would begin the way back anew.
    if (await isAnswered(lookUrl)) location.replace(back);
    else isBusy = false;
  }

  async function isAnswered(address) {
    const ended = new AbortController();
    const timer = setTimeout(() => ended.abort(), PATIENCE_MS);
    try {
      const answer = await fetch(address, {
        method: "HEAD", cache: "no-store", credentials: "omit", signal: ended.signal,
      });
      return answer.ok;
    } catch {
      return false;
    } finally {
      clearTimeout(timer);
    }
  }

  setInterval(look, EVERY_MS);
  window.addEventListener("online", look);
})();
