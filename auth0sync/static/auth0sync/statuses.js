/* Keeps the standings of accounts on this page true while somebody looks at it.
 *
 * One address is asked for all of them: soon again while something is on its way, seldom while
 * nothing is, and never while the page is hidden. Only text is ever put into the page. */
document.addEventListener("DOMContentLoaded", () => {
  "use strict";

  const SOON_MS = 1500;
  const SELDOM_MS = 5000;
  const PATIENCE_MS = 10000;
  const MOST = 200;

  const place = document.querySelector("[data-statuses]");
  const spots = Array.from(document.querySelectorAll("[data-standing]"));
  if (!place || spots.length === 0) return;

  const ids = [...new Set(spots.map((spot) => spot.dataset.standing))].slice(0, MOST);
  const address = `${place.dataset.statuses}?ids=${ids.join(",")}`;
  const trouble = place.querySelector("[data-statuses-trouble]");
  const news = place.querySelector("[data-statuses-news]");
  let moving = spots.some((spot) => "moving" in spot.dataset);
  let timer = 0;
  let asking = null;
  let over = false;

  const say = (text) => {
    if (trouble.textContent !== text) trouble.textContent = text;
    trouble.hidden = text === "";
  };

  const show = (id, found) => {
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

  const stop = (text) => {
    over = true;
    say(text);
  };

  const ask = async () => {
    asking = new AbortController();
    const patience = setTimeout(() => asking.abort(), PATIENCE_MS);
    try {
      const answer = await fetch(address, {
        headers: { Accept: "application/json" },
        redirect: "manual",
        signal: asking.signal,
      });
      if (answer.type === "opaqueredirect" || answer.status === 401 || answer.status === 403) {
        stop("You are signed out, so the account status on this page no longer moves. Sign in in another tab.");
        return;
      }
      if (!answer.ok) throw new Error(String(answer.status));
      const people = await answer.json();
      const changes = [];
      for (const [id, found] of Object.entries(people)) {
        const name = spots.find((spot) => spot.dataset.standing === id)?.dataset.name ?? id;
        if (show(id, found)) changes.push(`${name}: ${found.label}`);
      }
      if (changes.length) news.textContent = changes.join(". ");
      moving = Object.values(people).some((found) => found.moving);
      say("");
    } catch {
      if (!document.hidden) {
        say("The console can’t be reached: the account status on this page may be old. Trying again.");
      }
    } finally {
      clearTimeout(patience);
      asking = null;
      plan();
    }
  };

  const plan = () => {
    clearTimeout(timer);
    if (over || document.hidden || asking) return;
    timer = setTimeout(ask, moving ? SOON_MS : SELDOM_MS);
  };

  document.addEventListener("visibilitychange", () => {
    clearTimeout(timer);
    if (over) return;
    if (document.hidden) asking?.abort();
    else if (!asking) ask();
  });

  plan();
});
