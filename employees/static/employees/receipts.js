/* Keeps the lock-out receipt on this page true until nothing is left to try, while somebody looks. */
document.addEventListener("DOMContentLoaded", () => {
  "use strict";

  const SOON_MS = 1500;
  const PATIENCE_MS = 10000;
  const first = document.querySelector("[data-receipt]");
  if (!first) return;

  const address = first.dataset.receipt;
  const news = document.createElement("p");
  news.className = "sr-only";
  news.setAttribute("role", "status");
  first.after(news);
  let timer = 0;
  let is_over = false;

  const ask = async () => {
    try {
      const answer = await fetch(address, {
        headers: { Accept: "application/json" },
        redirect: "manual",
        signal: AbortSignal.timeout(PATIENCE_MS),
      });
      if (answer.type === "opaqueredirect" || [401, 403, 404].includes(answer.status)) {
        is_over = true; // signed out, or out of sight by now: the page says so when it is loaded again
      } else if (answer.ok) {
        const found = await answer.json();
        // The console's own card, in which the server has escaped whatever people wrote.
        const page = new DOMParser().parseFromString(found.card, "text/html");
        const now = page.querySelector("#receipt");
        const shown = document.querySelector("#receipt");
        if (now && now.innerHTML !== shown.innerHTML) {
          shown.replaceChildren(...document.importNode(now, true).childNodes);
          const said = shown.querySelector(".standing");
          const short = document.querySelector("[data-receipt-summary]");
          if (short && short.textContent !== said.textContent) {
            short.textContent = news.textContent = said.textContent;
            short.className = said.className;
          }
        }
        is_over = !found.is_moving;
      }
    } catch {
      // No answer this time: what is shown stays, and it is asked again.
    }
    plan();
  };

  const plan = () => {
    clearTimeout(timer);
    if (!is_over && !document.hidden) timer = setTimeout(ask, SOON_MS);
  };

  document.addEventListener("visibilitychange", plan);
  plan();
});
