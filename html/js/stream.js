// stream: each second of the interface, for the small line in the top and for
// charts. SPDX-License-Identifier: MIT
//
// Others hear of them as events "second" of the document, with detail {time,
// bytes, packets, drops}.

import { isPaused } from "./live.js";

const KEPT = 60; // seconds in the small line

let source = null;
const seconds = [];

function draw() {
  const svg = document.getElementById("spark");
  const most = Math.max(1, ...seconds);
  const points = seconds.map((bytes, i) =>
    `${(i / (KEPT - 1) * 100).toFixed(1)},${(20 - 19 * bytes / most)
      .toFixed(1)}`);
  if (points.length < 2) return;
  const last = (seconds.length - 1) / (KEPT - 1) * 100;
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  path.setAttribute("d", `M0,20 L${points.join(" ")} L${last.toFixed(1)},20`);
  svg.replaceChildren(path);
}

function hear(event) {
  const ifid = Number(document.body.dataset.ifid);
  const { interfaces } = JSON.parse(event.data);
  const second = interfaces.find((one) => one.ifid === ifid);
  if (!second || isPaused()) return;
  seconds.push(second.bytes);
  if (seconds.length > KEPT) seconds.shift();
  draw();
  document.dispatchEvent(new CustomEvent("second", { detail: second }));
}

// A browser has six connections to a server: hidden pages give theirs back.
function follow() {
  if (document.hidden || isPaused()) {
    source?.close();
    source = null;
  } else if (!source) {
    source = new EventSource(`${document.body.dataset.prefix}/stream`);
    source.addEventListener("throughput", hear);
  }
}

export function startStream() {
  if (document.body.dataset.state === "read") return;
  const { seconds: known } = document.getElementById("spark").dataset;
  seconds.push(...known.split(" ").filter(Boolean).map(Number));
  draw();
  document.addEventListener("visibilitychange", follow);
  document.addEventListener("pause", follow);
  addEventListener("pagehide", () => { source?.close(); source = null; });
  follow();
}
