"use strict";
// Filters: a text stays where one of its errors, or changes, is all that is asked for. The address holds what is asked for,
// so a filtered page can be sent, and what is filtered is what is printed. Without this script all texts are shown.
const forms = [...document.querySelectorAll("form.filter")];

function apply() {
  for (const form of forms) {
    const asked = [...form.elements].filter((field) => field.value && field.name);
    const texts = [...document.querySelectorAll(`#${form.dataset.of} .text`)];
    const fits = (row, field) => (field.name === "label" ? [row.dataset.label, row.dataset.other] : [row.dataset[field.name]]).includes(field.value);
    for (const text of texts) {
      text.hidden = ![...text.querySelectorAll("li")].some((row) => asked.every((field) => fits(row, field)));
    }
    const shown = texts.filter((text) => !text.hidden).length;
    const words = asked.map((field) => field.selectedOptions[0].textContent.trim());
    document.querySelector(`#${form.dataset.of} .status`).textContent = `${shown} of these ${texts.length} texts${words.length ? ": " + words.join(", ") : ""}`;
  }
}

function read() {
  if (!location.hash.includes("=")) return;
  const asked = new URLSearchParams(location.hash.slice(1));
  for (const form of forms) {
    for (const field of form.querySelectorAll("select")) {
      field.value = asked.get(`${form.dataset.of}.${field.name}`) || "";
      if (field.selectedIndex < 0) field.value = "";
    }
  }
  apply();
  const first = forms.find((form) => [...asked.keys()].some((key) => key.startsWith(form.dataset.of + ".")));
  if (first) document.getElementById(first.dataset.of).scrollIntoView();
}

function write() {
  const asked = new URLSearchParams();
  for (const form of forms) {
    for (const field of form.querySelectorAll("select")) {
      if (field.value) asked.set(`${form.dataset.of}.${field.name}`, field.value);
    }
  }
  history.replaceState(null, "", `#${asked}`);
  apply();
}

for (const form of forms) {
  form.hidden = false;
  form.addEventListener("change", write);
  form.addEventListener("submit", (event) => event.preventDefault());
  form.querySelector("button").addEventListener("click", () => { form.reset(); write(); });
}
// A browser may keep what was chosen before a page was loaded again.
forms.forEach((form) => form.reset());
apply();
read();
addEventListener("hashchange", read);
