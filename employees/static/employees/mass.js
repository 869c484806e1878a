/* Shows how far a mass change is, and loads the page anew when it has come to its next state.
 *
 * Never asks while the page is hidden. Only text is ever put into the page. */
document.addEventListener("DOMContentLoaded", () => {
  "use strict";

  const SOON_MS = 1000;
  const PATIENCE_MS = 10000;

  const place = document.querySelector("[data-progress]");
  if (!place) return;
  const bar = place.querySelector("progress");
  const words = place.querySelector("[data-progress-words]");
  const trouble = place.querySelector("[data-progress-trouble]");
  let timer = 0;
  let asking = null;
  let over = false;

  for (const note of place.querySelectorAll("[data-without-script]")) note.hidden = true;

  const say = (text) => {
    if (trouble.textContent !== text) trouble.textContent = text;
    trouble.hidden = text === "";
  };

  const show = ({ through, total }) => {
    if (total) {
      bar.max = total;
      bar.value = through;
    }
    const number = through.toLocaleString("en-US");
    words.textContent = total ? `${number} of ${total.toLocaleString("en-US")} rows` : `${number} rows`;
  };

  const ask = async () => {
    asking = new AbortController();
    const patience = setTimeout(() => asking.abort(), PATIENCE_MS);
    try {
      const answer = await fetch(place.dataset.progress, {
        headers: { Accept: "application/json" },
        redirect: "manual",
        signal: asking.signal,
      });
      if (answer.type === "opaqueredirect" || answer.status === 401 || answer.status === 403) {
        over = true;
        say("You are signed out, so this page no longer moves. The work goes on.");
        return;
      }
      if (!answer.ok) throw new Error(String(answer.status));
      const found = await answer.json();
      if (found.state !== place.dataset.state) {
        over = true;
        location.reload();
        return;
      }
      show(found);
      say(found.holdups);
    } catch {
      if (!document.hidden) say("The console can’t be reached: what stands here may be old. Trying again.");
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
