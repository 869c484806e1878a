/* Says how far the comparison is that is under way, and shows the result when it is done.
 *
 * Only text is ever put into the page. Nothing is asked while the page is hidden. */
document.addEventListener("DOMContentLoaded", () => {
  "use strict";

  const SOON_MS = 2000;
  const PATIENCE_MS = 10000;

  const place = document.querySelector("[data-balance]");
  if (!place) return;
  const words = place.querySelector("[data-balance-words]");
  const bar = place.querySelector("[data-balance-bar]");
  const news = place.querySelector("[data-balance-news]");
  let timer = 0;

  const plan = () => {
    clearTimeout(timer);
    if (!document.hidden) timer = setTimeout(ask, SOON_MS);
  };

  const show = (found) => {
    if (words.textContent !== found.words) words.textContent = found.words;
    if (found.percent === null) bar.removeAttribute("value");
    else bar.value = found.percent;
  };

  const ask = async () => {
    try {
      const answer = await fetch(place.dataset.balance, {
        headers: { Accept: "application/json" },
        redirect: "manual",
        signal: AbortSignal.timeout(PATIENCE_MS),
      });
      if (answer.type === "opaqueredirect" || answer.status === 401 || answer.status === 403) {
        words.textContent = "You are signed out, so this no longer moves. Sign in in another tab.";
        return;
      }
      if (!answer.ok) throw new Error(String(answer.status));
      const found = await answer.json();
      if (found.words === "") {
        news.textContent = "The comparison is over.";
        location.reload();
        return;
      }
      show(found);
    } catch {
      words.textContent = "The console can’t be reached: this may be old. Trying again.";
    }
    plan();
  };

  document.addEventListener("visibilitychange", plan);
  plan();
});
