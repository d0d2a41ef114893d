// live: the page as it is now, changed in place. SPDX-License-Identifier: MIT
//
// Every few seconds the server renders the page again, and each element with
// data-live takes what is new in the one of the same name. Rows of tables are
// known by data-key; while the pointer or the focus is in a table its rows keep
// their order. Hidden pages and paused ones ask for nothing.

const PERIOD = 3000; // ms
const MOST_WAIT = 30000;

const state = { paused: false, lost: false, wait: PERIOD, timer: 0 };

function isBusy(element) {
  return element.matches(":hover") || element.contains(document.activeElement);
}

// Take over text and attributes, as little as there is to change.
function morph(from, to) {
  if (from.isEqualNode(to)) return;
  if (from.nodeName !== to.nodeName || from.nodeType !== Node.ELEMENT_NODE ||
      from.childNodes.length !== to.childNodes.length) {
    from.replaceWith(to);
    return;
  }
  for (const { name } of [...from.attributes]) {
    if (!to.hasAttribute(name)) from.removeAttribute(name);
  }
  for (const { name, value } of to.attributes) {
    if (from.getAttribute(name) !== value) from.setAttribute(name, value);
  }
  const news = [...to.childNodes];
  [...from.childNodes].forEach((child, i) => morph(child, news[i]));
}

// Rows by their keys; where the reader is at, old ones stay in their place.
function morphRows(from, to) {
  const known = new Map();
  for (const row of from.rows) known.set(row.dataset.key, row);
  const rows = [...to.rows];
  if (isBusy(from)) {
    for (const row of rows) {
      const old = known.get(row.dataset.key);
      if (old) morph(old, row);
    }
    return;
  }
  const next = rows.map((row) => {
    const old = known.get(row.dataset.key);
    if (!old) return row;
    morph(old, row);
    return old.isConnected ? old : row;
  });
  if (next.length !== from.rows.length ||
      next.some((row, i) => row !== from.rows[i])) {
    from.replaceChildren(...next);
  }
}

function update(from, to) {
  if (from.hasAttribute("data-list") && to.hasAttribute("data-list")) {
    morph(from.tHead, to.tHead);
    morphRows(from.tBodies[0], to.tBodies[0]);
  } else if (!from.contains(document.activeElement)) {
    morph(from, to);
  }
}

function show() {
  const dot = document.getElementById("state");
  const button = document.getElementById("live");
  dot.classList.toggle("paused", state.paused);
  dot.classList.toggle("lost", state.lost);
  button.setAttribute("aria-pressed", String(state.paused));
}

async function refresh() {
  const url = new URL(location.href);
  url.hash = "";
  const answer = await fetch(url, { headers: { accept: "text/html" } });
  if (!answer.ok || answer.redirected) throw new Error(answer.statusText);
  const page = new DOMParser().parseFromString(await answer.text(),
    "text/html");
  if (state.paused) return;
  for (const to of page.querySelectorAll("[data-live]")) {
    const name = CSS.escape(to.dataset.live);
    const from = document.querySelector(`[data-live="${name}"]`);
    if (from) update(from, to);
  }
  document.dispatchEvent(new CustomEvent("refreshed", { detail: page }));
}

async function turn() {
  if (!state.paused && !document.hidden) {
    try {
      await refresh();
      state.lost = false;
      state.wait = PERIOD;
    } catch {
      state.lost = true;
      state.wait = Math.min(state.wait * 2, MOST_WAIT);
    }
    show();
  }
  state.timer = setTimeout(turn, state.wait);
}

export function isPaused() {
  return state.paused;
}

export function togglePause() {
  state.paused = !state.paused;
  show();
  document.dispatchEvent(new Event("pause"));
  if (!state.paused) {
    clearTimeout(state.timer);
    turn();
  }
}

export function startLive() {
  const button = document.getElementById("live");
  // A capture that is read does not change any more.
  if (document.body.dataset.state === "read") return;
  button.hidden = false;
  button.addEventListener("click", togglePause);
  state.timer = setTimeout(turn, PERIOD);
}
