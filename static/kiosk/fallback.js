// What stands when kiosk.js doesn't: plain fields that can be typed in and sent, and the sign-out of
// whoever walks away. In the words of old browsers (ES5), so that it runs where kiosk.js doesn't
// so much as parse. Where scripts are off or none can be had, the pages are plain from the start.
(function () {
  "use strict";
  var root = document.documentElement;
  var isPlain = false;

  function each(selector, change) {
    Array.prototype.forEach.call(document.querySelectorAll(selector), change);
  }

  function becomePlain() {
    if (isPlain || !document.body) return;
    isPlain = true;
    root.classList.remove("js");
    each("[data-field]", function (field) { field.setAttribute("inputmode", "numeric"); });
    each("[data-step]", function (step) { step.hidden = false; });
    each("[data-dots], [data-counter]", function (extra) { extra.hidden = true; });
    // As the page's <noscript> would have it: by the time since it came, whoever touches it.
    var data = document.body.dataset;
    if (data.idleUrl) {
      setTimeout(function () { location.replace(data.idleUrl); }, 1000 * Number(data.idleSeconds));
    }
  }

  root.classList.add("js");
  window.addEventListener("error", becomePlain);
  window.addEventListener("unhandledrejection", becomePlain);
  window.addEventListener("load", function () {
    if (!root.classList.contains("ready")) becomePlain();
  });
})();
