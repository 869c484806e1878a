/* Keeps the standings of accounts on this page true while somebody looks at it.
 *
 * One address is asked for all of them: soon again while something is on its way, and seldom while
 * nothing is. */
document.addEventListener("DOMContentLoaded", () => {
  "use strict";

  const SOON_MS = 1500;
  const SELDOM_MS = 5000;
  const MOST = 200;

  const place = document.querySelector("[data-statuses]");
  const spots = Array.from(document.querySelectorAll("[data-standing]"));
  if (!place || spots.length === 0) return;

  const ids = [...new Set(spots.map((spot) => spot.dataset.standing))].slice(0, MOST);
  const trouble = place.querySelector("[data-statuses-trouble]");
  const news = place.querySelector("[data-statuses-news]");
  let moving = spots.some((spot) => "moving" in spot.dataset);

  const complain = (text) => {
    if (trouble.textContent !== text) trouble.textContent = text;
    trouble.hidden = text === "";
  };

  const showOne = (id, found) => {
    let changed = false;
    for (const spot of document.querySelectorAll(`[data-standing="${id}"]`)) {
      changed ||= spot.textContent !== found.label;
      spot.textContent = found.label;
      spot.className = `standing standing-${found.tone}`;
      if (spot.hasAttribute("title")) spot.title = found.detail;
    }
    for (const spot of document.querySelectorAll(`[data-standing-detail="${id}"]`)) {
      if (spot.textContent !== found.detail) spot.textContent = found.detail;
    }
    for (const note of document.querySelectorAll(".account-note")) {
      note.className = `account-note account-note-${found.tone}`;
    }
    return changed;
  };

  const show = (people) => {
    const changes = [];
    for (const [id, found] of Object.entries(people)) {
      const name = spots.find((spot) => spot.dataset.standing === id)?.dataset.name ?? id;
      if (showOne(id, found)) changes.push(`${name}: ${found.label}`);
    }
    if (changes.length) news.textContent = changes.join(". ");
    moving = Object.values(people).some((found) => found.moving);
    complain("");
    return false;
  };

  window.consoleFollow({
    url: `${place.dataset.statuses}?ids=${ids.join(",")}`,
    everyMs: () => (moving ? SOON_MS : SELDOM_MS),
    show,
    complain,
    signedOut: "You are signed out, so the account status on this page no longer moves. Sign in in another tab.",
    lost: "The console can’t be reached: the account status on this page may be old. Trying again.",
  });
});
