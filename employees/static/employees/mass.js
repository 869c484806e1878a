/* Shows how far a mass change is, and loads the page anew when it has come to its next state. */
document.addEventListener("DOMContentLoaded", () => {
  "use strict";

  const place = document.querySelector("[data-progress]");
  if (!place) return;
  const bar = place.querySelector("progress");
  const words = place.querySelector("[data-progress-words]");
  const trouble = place.querySelector("[data-progress-trouble]");

  for (const note of place.querySelectorAll("[data-without-script]")) note.hidden = true;

  const complain = (text) => {
    if (trouble.textContent !== text) trouble.textContent = text;
    trouble.hidden = text === "";
  };

  const show = ({ state, through, total, holdups }) => {
    if (state !== place.dataset.state) {
      location.reload();
      return true;
    }
    if (total) {
      bar.max = total;
      bar.value = through;
    }
    const number = through.toLocaleString("en-US");
    words.textContent = total ? `${number} of ${total.toLocaleString("en-US")} rows` : `${number} rows`;
    complain(holdups);
    return false;
  };

  window.consoleFollow({
    url: place.dataset.progress,
    everyMs: () => 1000,
    show,
    complain,
    signedOut: "You are signed out, so this page no longer moves. The work goes on.",
  });
});
