/* Says how far the comparison, or the doctor's look, is that is under way, and shows the result. */
document.addEventListener("DOMContentLoaded", () => {
  "use strict";

  const SOON_MS = 2000;
  const place = document.querySelector("[data-balance]");
  if (!place) return;
  const words = place.querySelector("[data-balance-words]");
  const bar = place.querySelector("[data-balance-bar]");
  const news = place.querySelector("[data-balance-news]");

  const say = (text) => {
    if (words.textContent !== text) words.textContent = text;
  };

  const show = (found) => {
    if (found.words === "") {
      news.textContent = place.dataset.over || "The comparison is over.";
      location.reload();
      return true;
    }
    say(found.words);
    if (found.percent === null) bar.removeAttribute("value");
    else bar.value = found.percent;
    return false;
  };

  window.consoleFollow({
    url: place.dataset.balance,
    everyMs: () => SOON_MS,
    show,
    complain: say,
    signedOut: "You are signed out, so this no longer moves. Sign in in another tab.",
  });
});
