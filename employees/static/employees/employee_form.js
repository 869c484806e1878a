// Proposes how a newcomer signs in as soon as the department is known, until somebody chooses.
"use strict";

document.addEventListener("DOMContentLoaded", () => {
  const method = document.querySelector("select[data-shop-floor]");
  const department = document.querySelector("input[name=department]");
  if (!method || !department) {
    return;
  }
  const shopFloor = JSON.parse(method.dataset.shopFloor);
  let chosen = method.value !== "";

  method.addEventListener("change", () => {
    chosen = true;
  });
  department.addEventListener("input", () => {
    const name = department.value.trim().toLowerCase();
    if (!chosen) {
      method.value = name === "" ? "" : shopFloor.includes(name) ? "hybrid" : "auth0";
    }
  });
});

// Says what the chosen way of signing in would do. Without this, what each does stands there.
document.addEventListener("DOMContentLoaded", () => {
  const method = document.querySelector("select[name=auth_method]");
  const department = document.querySelector("input[name=department]");
  const words = document.querySelectorAll(".method-words [data-method]");
  if (!method || words.length === 0) {
    return;
  }
  const explain = () => {
    for (const line of words) {
      line.hidden = line.dataset.method !== method.value;
    }
  };
  method.addEventListener("change", explain);
  if (department) {
    department.addEventListener("input", explain); // which may have proposed another, above
  }
  window.addEventListener("pageshow", explain); // a browser that goes back restores what was chosen
  explain();
});

// Ctrl+Enter (or Cmd+Enter) in a newcomer's form: save and add another.
document.addEventListener("keydown", (event) => {
  const another = document.querySelector("[form=employee_form][name=_addanother]");
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && another) {
    event.preventDefault();
    another.click();
  }
});

// The theme hides the page until it is ready, and a browser gives no focus to what is hidden: the
// first field asks for it again until it has it, or somebody has gone elsewhere.
document.addEventListener("DOMContentLoaded", () => {
  const first = document.querySelector("#employee_form [autofocus]");
  let left = 600; // frames, some ten seconds
  const focus = () => {
    if (!first || document.activeElement !== document.body || left-- === 0) {
      return;
    }
    first.focus();
    requestAnimationFrame(focus);
  };
  focus();
});

// A session may end while somebody is typing, and a form that is sent then is lost on the way to the
// log-in. So it asks first; and takes the token along that a log-in in another tab has changed.
document.addEventListener("DOMContentLoaded", () => {
  const PATIENCE_MS = 10000;
  const form = document.getElementById("employee_form");
  const note = document.querySelector("[data-signed-in]");
  if (!form || !note) {
    return;
  }
  let asking = false;
  let sure = false;

  const say = (what) => {
    for (const line of note.children) {
      line.hidden = !line.hasAttribute(what);
    }
    note.hidden = false;
    note.focus();
    note.scrollIntoView({ block: "center" });
  };

  const ask = async () => {
    const asked = { redirect: "manual", headers: { Accept: "application/json" } };
    const answer = await fetch(note.dataset.signedIn, { ...asked, signal: AbortSignal.timeout(PATIENCE_MS) });
    return answer.ok ? (await answer.json()).token : "";
  };

  form.addEventListener("submit", async (event) => {
    if (sure) {
      return;
    }
    event.preventDefault();
    if (asking) {
      return;
    }
    asking = true;
    try {
      const token = await ask();
      if (token) {
        form.elements.csrfmiddlewaretoken.value = token;
        sure = true;
        form.requestSubmit(event.submitter);
      } else {
        say("data-signed-out");
      }
    } catch {
      say("data-unreachable");
    } finally {
      asking = false;
    }
  });

  // Back on a page that the browser has kept, the form asks anew.
  window.addEventListener("pageshow", () => {
    sure = false;
  });
});
