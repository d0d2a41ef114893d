// search: names as one types. SPDX-License-Identifier: MIT

const WAIT = 150; // ms after the last key

let box, list, chosen, timer, asked;

function close() {
  list.hidden = true;
  chosen = -1;
  box.setAttribute("aria-expanded", "false");
  box.removeAttribute("aria-activedescendant");
}

function choose(at) {
  const items = [...list.children];
  if (items.length === 0) return;
  chosen = (at + items.length) % items.length;
  items.forEach((item, i) =>
    item.setAttribute("aria-selected", String(i === chosen)));
  box.setAttribute("aria-activedescendant", items[chosen].id);
}

function item(result, i) {
  const option = document.createElement("div");
  option.id = `found-${i}`;
  option.setAttribute("role", "option");
  option.setAttribute("aria-selected", "false");
  option.dataset.url = result.url;
  option.append(result.name);
  const kind = document.createElement("small");
  kind.textContent = result.kind;
  option.append(kind);
  return option;
}

async function ask() {
  const query = box.value.trim();
  if (query === "") return close();
  const { prefix, ifid } = document.body.dataset;
  const url = `${prefix}/lua/search.lua?format=json&ifid=${ifid}&query=` +
    encodeURIComponent(query);
  asked = url;
  const answer = await fetch(url).catch(() => null);
  if (!answer?.ok || asked !== url) return undefined;
  const { results } = await answer.json();
  list.replaceChildren(...results.slice(0, 10).map(item));
  list.hidden = results.length === 0;
  chosen = -1;
  box.setAttribute("aria-expanded", String(results.length > 0));
  return undefined;
}

function onKey(event) {
  if (event.key === "Escape") {
    if (list.hidden) box.blur();
    close();
  } else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
    event.preventDefault();
    choose(chosen + (event.key === "ArrowDown" ? 1 : -1));
  } else if (event.key === "Enter" && chosen >= 0) {
    event.preventDefault();
    location.assign(list.children[chosen].dataset.url);
  }
}

export function startSearch() {
  box = document.getElementById("search");
  list = document.createElement("div");
  list.className = "found";
  list.id = "found";
  list.setAttribute("role", "listbox");
  list.setAttribute("aria-label", box.getAttribute("aria-label"));
  box.after(list);
  box.setAttribute("role", "combobox");
  box.setAttribute("aria-controls", list.id);
  box.setAttribute("aria-autocomplete", "list");
  close();
  box.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(ask, WAIT);
  });
  box.addEventListener("keydown", onKey);
  box.addEventListener("blur", close);
  // Before the box loses the focus, and with it the list.
  list.addEventListener("mousedown", (event) => {
    const option = event.target.closest("[role=option]");
    if (option) location.assign(option.dataset.url);
  });
}
