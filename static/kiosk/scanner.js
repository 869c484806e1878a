// A badge scanner is a keyboard to the browser: it types the badge's number, and Enter or Tab where
// it is set up so. It is known by its speed alone.
//
// Whoever scans a badge is the person who stands here now, whatever page there is and wherever the
// focus is: the kiosk goes on to the PIN of that number, and whoever was signed in is signed out.
// So a badge is never taken for a PIN, nor counted as a wrong one; and the same badge once more
// changes nothing but that the PIN has to be typed. Where a page asks for somebody's number, as a
// supervisor's may, the badge answers that question instead.
(function () {
  "use strict";
  // Milliseconds from key to key. Scanners need 1 to 30, fast fingers more than 60.
  const GAP_MS = 50;
  // Fewer digits may be fingers that hit two keys at once...
  const SURE_DIGITS = 4;
  // ...or a short number that isn't filled up with zeros, if nothing was typed before it and Enter
  // comes as fast. No PIN is that short.
  const SHORTEST = 2;

  let keys = "";
  let lastAt = -Infinity;
  let wasEmpty = true;
  let silence = 0;

  window.addEventListener("keydown", (event) => {
    // A key that is held down comes as fast as a scanner.
    if (event.ctrlKey || event.altKey || event.metaKey || event.repeat) return;
    const isFast = event.timeStamp - lastAt <= GAP_MS;
    if (event.key === "Enter" || event.key === "Tab") {
      clearTimeout(silence);
      if (isFast && isScan(true) && scanned()) {
        event.preventDefault();
        event.stopImmediatePropagation();
      }
      keys = "";
    } else if (event.key.length === 1) {
      if (!isFast) {
        keys = "";
        const field = fieldNow();
        wasEmpty = !field || !field.value;
      }
      keys += event.key;
      lastAt = event.timeStamp;
      // Some scanners send nothing at the end.
      clearTimeout(silence);
      silence = setTimeout(() => {
        if (isScan(false)) scanned();
        keys = "";
      }, 3 * GAP_MS);
    }
  }, true);

  function isScan(isEnded) {
    return keys.length >= SURE_DIGITS || (isEnded && wasEmpty && keys.length >= SHORTEST);
  }

  function fieldNow() {
    return Array.from(document.querySelectorAll("[data-field]"))
      .find((field) => !field.closest("[hidden]"));
  }

  // Whether it is the kiosk's to take it. In a field that is no keypad's a scanner just types.
  function scanned() {
    const badge = document.querySelector("[data-badge]");
    if (!badge || document.activeElement.matches("input:not([data-field])")) return false;
    const field = fieldNow();
    document.querySelectorAll("[data-field]").forEach((each) => {
      each.value = "";
      each.dispatchEvent(new Event("input")); // the dots are drawn again
    });
    const number = badge.elements.number;
    if (!/^[0-9]+$/.test(keys) || keys.length > Number(number.dataset.longest)) {
      refuse(badge.dataset.refused);
    } else if (field && field.type !== "password") {
      field.value = keys;
      field.form.requestSubmit();
    } else {
      number.value = keys;
      badge.requestSubmit();
    }
    return true;
  }

  function refuse(text) {
    const note = document.querySelector("[data-note]");
    if (!note) return;
    note.textContent = text;
    note.classList.remove("good", "past");
    note.hidden = false;
  }
})();
