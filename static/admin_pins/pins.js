// A second click on the way to a new PIN is stopped: its answer would take the place of the first
// one, which alone shows the PIN.
(function () {
  "use strict";
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (!form.closest(".pins")) return;
    if (form.classList.contains("sent")) event.preventDefault();
    else form.classList.add("sent");
  });
  // Some browsers keep a page for the back button in spite of no-store.
  window.addEventListener("pagehide", () => {
    document.querySelectorAll(".pins .pin output").forEach((pin) => pin.remove());
  });
  // A page that the back button brings from the browser's memory can be sent again.
  window.addEventListener("pageshow", () => {
    document.querySelectorAll(".pins form.sent").forEach((form) => form.classList.remove("sent"));
  });
})();
