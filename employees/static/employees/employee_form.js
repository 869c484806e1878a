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
