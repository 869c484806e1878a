/* Keeps the lock-out receipt on this page true until nothing is left to try, while somebody looks. */
document.addEventListener("DOMContentLoaded", () => {
  "use strict";

  const SOON_MS = 1500;
  const first = document.querySelector("[data-receipt]");
  if (!first) return;

  const news = document.createElement("p");
  news.className = "sr-only";
  news.setAttribute("role", "status");
  first.after(news);

  const show = (found) => {
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
    return !found.is_moving;
  };

  window.consoleFollow({
    url: first.dataset.receipt,
    everyMs: () => SOON_MS,
    show,
    complain: () => {}, // what is shown stays; signed out, the page says so when it is loaded again
    signedOut: "",
  });
});
