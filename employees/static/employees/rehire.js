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

  // Takes along what was typed, to a page that says what would change.
  const bringBack = (url) => {
    const sent = document.createElement("form");
    sent.method = "post";
    sent.action = url;
    sent.hidden = true;
    new FormData(form).forEach((value, name) => {
      const input = document.createElement("input");
      input.type = "hidden";
      input.name = name;
      input.value = value;
      sent.append(input);
    });
    document.body.append(sent);
    sent.submit();
  };

  const show = (found) => {
    const list = box.querySelector("ul");
    list.replaceChildren(
      ...found.map((one) => {
        const item = document.createElement("li");
        const way = document.createElement(one.brings_back ? "button" : "a");
        if (one.brings_back) {
          way.type = "button"; // no submit button: Enter in a field goes on saving
          way.addEventListener("click", () => bringBack(one.url));
        } else {
          way.href = one.url;
        }
        way.textContent = one.do;
        item.append(one.text, " ", way);
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
