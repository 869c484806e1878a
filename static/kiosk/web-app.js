// The kiosk as an app of the tablet: the worker that shows a page of ours when there is no network,
// and the button that installs it, where the browser can.
(function () {
  "use strict";
  const { worker, scope } = document.currentScript.dataset;

  // Only https and this very machine have workers; everything works without, too.
  if ("serviceWorker" in navigator) {
    window.addEventListener("load", () => {
      navigator.serviceWorker.register(worker, { scope, updateViaCache: "none" })
        .catch((error) => console.info("There is no page for times without network:", error));
    });
  }

  // There is no button for full screen alone: browsers leave it with the next page, and every step
  // of the kiosk is one. An installed app stays in it.
  window.addEventListener("beforeinstallprompt", (event) => {
    const button = document.querySelector("[data-install]");
    if (!button) return;
    event.preventDefault();
    button.hidden = false;
    button.addEventListener("click", () => {
      button.hidden = true; // a browser takes it once
      event.prompt();
    }, { once: true });
  });
})();
