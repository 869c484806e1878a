/* Follows an enrolment: how far it is, in words and as a bar. When the state is another one, or
 * nothing moves any more, the page is built anew. */
document.addEventListener("DOMContentLoaded", () => {
  "use strict";

  const place = document.querySelector("[data-follow]");
  if (!place) return;
  const said = place.querySelector("[data-follow-said]");
  const bar = place.querySelector("[data-follow-bar]");
  const holdups = place.querySelector("[data-follow-holdups]");
  const trouble = place.querySelector("[data-follow-trouble]");

  const say = (spot, text) => {
    if (spot.textContent !== text) spot.textContent = text;
  };

  const complain = (text) => {
    say(trouble, text);
    trouble.hidden = text === "";
  };

  const show = (now) => {
    complain("");
    say(said, now.said);
    bar.hidden = !now.is_moving || now.whole === 0;
    if (now.whole) {
      bar.max = now.whole;
      bar.value = now.part;
    }
    const lines = Array.from(holdups.children, (line) => line.textContent);
    if (lines.join("\n") !== now.holdups.join("\n")) {
      holdups.replaceChildren(
        ...now.holdups.map((text) => Object.assign(document.createElement("li"), { textContent: text })),
      );
    }
    const isOver = now.key !== place.dataset.follow || !now.is_moving;
    if (isOver) location.reload();
    return isOver;
  };

  window.consoleFollow({
    url: location.href,
    everyMs: () => 1500,
    show,
    complain,
    signedOut: "You are signed out, so this page no longer moves. Sign in in another tab; the work goes on.",
  });
});
