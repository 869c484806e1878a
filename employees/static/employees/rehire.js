// Asks, while a newcomer's details are typed, whether this is somebody who was here before.
"use strict";

document.addEventListener("DOMContentLoaded", () => {
  const box = document.querySelector("[data-rehire]");
  const form = box && document.getElementById("employee_form");
  if (!form) {
    return;
  }
  const inputs = ["name", "phone_number", "email", "personal_email"].map((name) => form.elements[name]);
  let timer = 0;
  let asked = 0;

  const show = (found) => {
    const list = box.querySelector("ul");
    list.replaceChildren(
      ...found.map((one) => {
        const item = document.createElement("li");
        const link = document.createElement("a");
        link.href = one.url;
        link.textContent = one.do;
        item.append(one.text, " ", link);
        return item;
      }),
    );
    box.hidden = found.length === 0;
  };

  const ask = async () => {
    const number = ++asked;
    const body = new URLSearchParams();
    inputs.forEach((input) => body.append(input.name, input.value));
    body.append("csrfmiddlewaretoken", form.elements.csrfmiddlewaretoken.value);
    try {
      const answer = await fetch(box.dataset.rehire, { method: "POST", body, redirect: "error" });
      if (answer.ok && number === asked) {
        show((await answer.json()).found);
      }
    } catch {
      // The network is gone: saving asks again.
    }
  };

  inputs.forEach((input) =>
    input.addEventListener("input", () => {
      clearTimeout(timer);
      timer = setTimeout(ask, 300);
    }),
  );
});
