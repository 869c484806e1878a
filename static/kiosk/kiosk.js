// The kiosk's keypad, dots, countdown and what must not be left behind. Without this file, or when it
// fails, the pages are plain forms (fallback.js), and the browser's own refresh signs out.
(function () {
  "use strict";
  const BOUNCE_MS = 100;
  const LOOK_AGAIN_MS = 5000;
  const root = document.documentElement;

  // A page that the back button brings from the browser's memory is somebody's who has left.
  window.addEventListener("pagehide", () => root.classList.add("left"));
  window.addEventListener("pageshow", (event) => {
    if (event.persisted) location.reload();
  });

  document.addEventListener("DOMContentLoaded", () => {
    const form = document.querySelector("[data-form]");
    if (form) keypad(form);
    document.querySelectorAll("form").forEach(onlyOnce);
    countdown(document.body.dataset);
    lookBeforeLeaving();
    withoutMenus();
    forgetForm();
    root.classList.add("ready");
  });

  // A page that answers a form, since what it shows is shown once: going back to it, or loading it
  // again, asks for the page before instead of sending the form again.
  function forgetForm() {
    const answer = document.querySelector("[data-instead]");
    if (answer) history.replaceState(null, "", answer.dataset.instead);
  }

  // Look first: whoever is sent on in vain ends at the browser's own page, with no way back.
  async function isReachable() {
    const said = document.querySelector("[data-offline]");
    try {
      const answer = await fetch(document.body.dataset.lookUrl, {
        method: "HEAD", cache: "no-store", credentials: "omit",
      });
      said.hidden = ![502, 503, 504].includes(answer.status); // a proxy that doesn't reach us
    } catch {
      said.hidden = false;
    }
    return said.hidden;
  }

  // What the browser says is enough to look, not to believe it.
  function lookBeforeLeaving() {
    const look = () => (navigator.onLine ? hide() : isReachable());
    const hide = () => { document.querySelector("[data-offline]").hidden = true; };
    window.addEventListener("online", look);
    window.addEventListener("offline", look);
    // The last answer may still have come through when the browser already said so.
    setInterval(() => { if (!navigator.onLine) isReachable(); }, LOOK_AGAIN_MS);
    // In the capturing phase, before a form counts itself as sent.
    window.addEventListener("submit", async (event) => {
      const form = event.target;
      if (navigator.onLine || form.dataset.reachable) return;
      const pressed = event.submitter;
      event.preventDefault();
      event.stopImmediatePropagation();
      if (!await isReachable()) return;
      form.dataset.reachable = "yes";
      form.requestSubmit(pressed);
      delete form.dataset.reachable;
    }, true);
    document.addEventListener("click", async (event) => {
      const link = event.target.closest("a");
      if (navigator.onLine || !link) return;
      event.preventDefault();
      if (await isReachable()) location.assign(link.href);
    });
  }

  // A finger that rests on a key asks for no menu.
  function withoutMenus() {
    document.addEventListener("contextmenu", (event) => {
      if (event.pointerType !== "mouse") event.preventDefault();
    });
  }

  // A second touch on the same button is not a second try.
  function onlyOnce(form) {
    form.addEventListener("submit", (event) => {
      if (form.dataset.sent) event.preventDefault();
      else if (!event.defaultPrevented) form.dataset.sent = "yes";
    });
  }

  function keypad(form) {
    const fields = Array.from(form.querySelectorAll("[data-field]"));
    const steps = Array.from(form.querySelectorAll("[data-step]"));
    const note = form.querySelector("[data-note]");
    let at = 0;

    fields.forEach((field) => {
      field.value = "";
      field.setAttribute("inputmode", "none"); // the keypad is on the page
      field.addEventListener("input", () => typed(field));
      draw(form, field);
    });
    show();

    const pad = form.querySelector("[data-keypad]");
    let last = { key: null, at: 0 };
    pad.addEventListener("click", (event) => {
      const key = event.target.closest("[data-key]");
      if (!key) return;
      // A wet or gloved finger touches twice within a few hundredths of a second. Nobody types a
      // digit twice as fast as that.
      const isBounce = event.pointerType === "touch" && key === last.key
        && event.timeStamp - last.at < BOUNCE_MS;
      last = { key, at: event.timeStamp };
      if (!isBounce) press(key.dataset.key);
    });
    // The field keeps the focus, so that Enter on a keyboard sends the form, not the last key again.
    pad.addEventListener("mousedown", (event) => event.preventDefault());
    // A scanner types wherever the focus is; so may a person.
    document.addEventListener("keydown", (event) => {
      if (event.ctrlKey || event.altKey || event.metaKey || event.target === fields[at]) return;
      if (/^[0-9]$/.test(event.key)) press(event.key);
      else if (event.key === "Backspace") press("delete");
      else return;
      event.preventDefault();
      fields[at].focus();
    });
    form.addEventListener("submit", (event) => {
      if (!root.classList.contains("js")) return; // all fields are to be seen
      if (!fields[at].value) event.preventDefault();
      else if (at < fields.length - 1) {
        event.preventDefault();
        at += 1;
        show();
      }
    });

    function press(key) {
      const field = fields[at];
      field.value = key === "delete" ? field.value.slice(0, -1) : field.value + key;
      typed(field);
    }

    function typed(field) {
      field.value = field.value.replace(/[^0-9]/g, "").slice(0, Number(field.dataset.longest));
      draw(form, field);
      // It keeps its place, or the keys would move away under the finger.
      if (note && field.value) note.classList.add("past");
    }

    function show() {
      steps.forEach((step, index) => { step.hidden = index !== at; });
      const counter = form.querySelector("[data-counter]");
      if (counter) {
        counter.textContent = form.dataset.steps
          .replace("{step}", String(at + 1)).replace("{steps}", String(fields.length));
      }
      if (at || !fields[at].autofocus) fields[at].focus();
    }
  }

  // One dot a digit, and how many for those who can't see them.
  function draw(form, field) {
    const dots = form.querySelector(`[data-dots="${field.id}"]`);
    if (!dots) return;
    dots.hidden = false;
    const count = field.value.length;
    dots.setAttribute("role", "img");
    dots.setAttribute("aria-label", dots.dataset.text.replace("{count}", String(count)));
    dots.replaceChildren(...Array.from({ length: Number(field.dataset.longest) }, (_, index) => {
      const dot = document.createElement("span");
      if (index < count) dot.className = "full";
      else if (index >= 4) dot.className = "more";
      return dot;
    }));
  }

  function countdown(data) {
    const said = document.querySelector("[data-idle]");
    const longest = Number(data.idleSeconds);
    const last = Number(data.lastSeconds);
    let touchedAt = Date.now();
    let toldAt = Date.now();

    const secondsLeft = () => longest - (Date.now() - touchedAt) / 1000;

    ["pointerdown", "keydown", "input"].forEach((kind) => {
      document.addEventListener(kind, () => {
        if (data.idleUrl && secondsLeft() <= 0) return; // it woke a tablet, too late
        touchedAt = Date.now();
        said.hidden = true;
        // The server's cookie is kept alive too, now and then.
        if (data.idleUrl && touchedAt - toldAt > 1000 * longest / 3) {
          toldAt = touchedAt;
          fetch(data.stayUrl, { cache: "no-store" }).catch(() => {});
        }
      }, true);
    });
    // By the clock, not by counting: a tablet that slept has been idle all the same.
    const timer = setInterval(() => {
      const left = Math.ceil(secondsLeft());
      if (left <= 0) {
        leave();
      } else if (data.idleUrl && left <= last) {
        const text = said.dataset.text.replace("{seconds}", String(left));
        if (said.textContent !== text) said.textContent = text; // said aloud each time it is set
        said.hidden = false;
      }
    }, 250);

    async function leave() {
      if (!data.idleUrl) {
        // Nobody is here, but a digit that somebody left would go before the next badge's.
        document.querySelectorAll("[data-field]").forEach((field) => { field.value = ""; });
        document.querySelectorAll("[data-note]").forEach((note) => { note.hidden = true; });
        touchedAt = Date.now();
        return;
      }
      clearInterval(timer);
      root.classList.add("left"); // no touch brings this person back
      if (await isReachable()) location.replace(data.idleUrl);
      else setTimeout(leave, 5000);
    }
  }
})();
