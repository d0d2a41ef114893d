// keys: the whole by keyboard. SPDX-License-Identifier: MIT

import { togglePause } from "./live.js";

const PATIENCE = 1500; // ms between "g" and where to

let went = -PATIENCE; // when "g" came

function isTyping(target) {
  return target.closest("input, select, textarea, [contenteditable]") !== null;
}

function rows() {
  return [...document.querySelectorAll("table[data-list] tbody tr")];
}

function step(by) {
  const all = rows();
  if (all.length === 0) return;
  const at = all.indexOf(document.activeElement.closest("tr"));
  const next = at < 0 ? (by > 0 ? 0 : all.length - 1) : at + by;
  const row = all[Math.max(0, Math.min(next, all.length - 1))];
  row.tabIndex = -1;
  row.focus();
}

function open() {
  const row = document.activeElement;
  if (row.matches("tr")) row.querySelector("a")?.click();
}

function help() {
  const dialog = document.querySelector("dialog.help");
  if (dialog.open) dialog.close();
  else dialog.showModal();
}

const KEYS = {
  "/": () => document.getElementById("search").focus(),
  j: () => step(1),
  k: () => step(-1),
  p: togglePause,
  "?": help,
  Enter: open,
};

function onKey(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) {
    return;
  }
  if (event.key === "g") {
    went = event.timeStamp;
    return;
  }
  const goes = event.timeStamp - went < PATIENCE;
  went = -PATIENCE;
  if (goes) {
    const link = document.querySelector(
      `a[data-go="${CSS.escape(event.key)}"]`);
    if (link) {
      link.click();
      event.preventDefault();
    }
    return;
  }
  const act = KEYS[event.key];
  if (!act) return;
  if (event.key === "Enter" && !event.target.matches("tr")) return;
  event.preventDefault();
  act();
}

export function startKeys() {
  document.addEventListener("keydown", onKey);
}
