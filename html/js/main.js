// main: what a page gains when scripts run. SPDX-License-Identifier: MIT
//
// Pages are whole without this: it changes numbers in place, completes the
// search, draws charts and listens to keys.

import { startKeys } from "./keys.js";
import { startLive } from "./live.js";
import { startMenus } from "./menus.js";
import { startSearch } from "./search.js";
import { startStream } from "./stream.js";

document.documentElement.classList.add("js");
startMenus();
startSearch();
startKeys();
startLive();
startStream();
if ("plotter" in document.body.dataset &&
    document.querySelector("[data-chart]")) {
  import("./charts.js").then(({ startCharts }) => startCharts());
}
