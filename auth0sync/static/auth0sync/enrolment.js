/* Follows an enrolment while something moves and somebody looks: how far it is, in words and as a
 * bar. When the state is another one the page is built anew. Only text is ever put into it. */
document.addEventListener("DOMContentLoaded", () => {
  "use strict";

  const SOON_MS = 1500;
  const PATIENCE_MS = 10000;

  const place = document.querySelector("[data-follow]");
  if (!place) return;
  const said = place.querySelector("[data-follow-said]");
  const bar = place.querySelector("[data-follow-bar]");
  const holdups = place.querySelector("[data-follow-holdups]");
  const trouble = place.querySelector("[data-follow-trouble]");
  let timer = 0;
  let asking = null;
  let over = false;

  const say = (spot, text) => {
    if (spot.textContent !== text) spot.textContent = text;
  };

  const complain = (text) => {
    say(trouble, text);
    trouble.hidden = text === "";
  };

  const show = (now) => {
    say(said, now.said);
    bar.hidden = !now.is_moving || now.whole === 0;
    if (now.whole) {
      bar.max = now.whole;
      bar.value = now.part;
    }
    const lines = Array.from(holdups.children, (line) => line.textContent);
    if (lines.join("\n") === now.holdups.join("\n")) return;
    holdups.replaceChildren(
      ...now.holdups.map((text) => Object.assign(document.createElement("li"), { textContent: text })),
    );
  };

  const ask = async () => {
    asking = new AbortController();
    const patience = setTimeout(() => asking.abort(), PATIENCE_MS);
    try {
      const answer = await fetch(location.href, {
        headers: { Accept: "application/json" },
        redirect: "manual",
        signal: asking.signal,
      });
      if (answer.type === "opaqueredirect" || answer.status === 401 || answer.status === 403) {
        over = true;
        complain("You are signed out, so this page no longer moves. Sign in in another tab; the work goes on.");
        return;
      }
      if (!answer.ok) throw new Error(String(answer.status));
      const now = await answer.json();
      complain("");
      show(now);
      if (now.key !== place.dataset.follow || !now.is_moving) {
        over = true;
        location.reload();
      }
    } catch {
      if (!document.hidden) complain("The console can’t be reached: this may be old. Trying again.");
    } finally {
      clearTimeout(patience);
      asking = null;
      plan();
    }
  };

  const plan = () => {
    clearTimeout(timer);
    if (over || document.hidden || asking) return;
    timer = setTimeout(ask, SOON_MS);
  };

  document.addEventListener("visibilitychange", () => {
    clearTimeout(timer);
    if (over) return;
    if (document.hidden) asking?.abort();
    else if (!asking) ask();
  });

  plan();
});
