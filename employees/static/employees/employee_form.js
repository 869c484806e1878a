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
